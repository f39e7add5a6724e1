// What came of a file: a card for each result, with its provenance to open and to download.

function element(name, values = {}, ...children) {
  const made = Object.assign(document.createElement(name), values);
  made.append(...children);
  return made;
}

const percent = (share) => `${Math.round(100 * share)} %`;

// Says in words what was heard, and how sure that is.
export function heardText(result) {
  if (result.target === "sound") {
    return `${result.duration_s.toFixed(2)} s of sound${result.label ? `, ${labelText(result.label)}` : ""}`;
  }
  if (!result.heard) return result.reason ? `Nothing heard: ${result.reason}` : "Nothing heard";
  const parts = ["Heard"];
  if (Number.isFinite(result.level_db)) parts[0] += ` at ${String(Math.round(result.level_db)).replace("-", "−")} dB`;
  if (result.label) parts.push(labelText(result.label));
  if (result.read) {
    const { judge, label, probability } = result.read;
    parts.push(`judge ${judge} reads ${label.replaceAll("_", " ")} (${percent(probability)})`);
  }
  return parts.join(" · ");
}

function labelText({ name, probability, runner_up: next, runner_up_probability: share }) {
  const shown = name.replaceAll("_", " ");
  if (probability === null) return `${shown}, as told`;
  return `${shown} ${percent(probability)}${next && share >= 0.01 ? ` (or ${next.replaceAll("_", " ")} ${percent(share)})` : ""}`;
}

function save(result) {
  const ending = result.target === "sound" ? "wav" : "png";
  const stem = result.source.replace(/\.[^.]*$/, "") || "photism";
  const time = result.start_s ? `_${result.start_s.toFixed(2)}s` : "";
  const name = `${stem}${time}_s${result.seed}.${ending}`;
  const link = element("a", { href: result.file, download: name, textContent: `Save ${ending.toUpperCase()}` });
  link.setAttribute("aria-label", `Save ${name}, with its provenance`);
  return link;
}

function provenance(result) {
  const { file, log_mel: seen, ...rest } = result;
  return element("details", {},
    element("summary", { textContent: "How it was made" }),
    element("pre", { textContent: JSON.stringify(rest, null, 1) }));
}

function soundCard(result, shown) {
  const player = element("audio", { controls: true, src: result.file });
  player.setAttribute("aria-label", `Sound made of ${result.source}`);
  const pair = element("div", { className: "pair" });
  if (shown) pair.append(element("img", { src: shown, alt: `The picture ${result.source}` }));
  pair.append(element("img", { src: result.log_mel, alt: "Log-mel of the sound", className: "pixels" }));
  return element("div", { className: "card wide" }, pair, player,
    element("p", { textContent: `${heardText(result)}, seed ${result.seed}` }), ...notes(result),
    element("p", {}, save(result)), provenance(result));
}

function notes(result) {
  return result.notes.map((note) => element("p", { className: "warn", textContent: note }));
}

function pictureCard(result) {
  const time = `${result.start_s.toFixed(2)}–${result.end_s.toFixed(2)} s`;
  const image = element("img", { src: result.file, className: "pixels" });
  image.alt = `Picture of ${result.source}, ${time}, seed ${result.seed}. ${heardText(result)}`;
  const card = element("div", { className: "card" }, image,
    element("p", { textContent: `${time}, seed ${result.seed}` }),
    element("p", { textContent: heardText(result) }), ...notes(result),
    element("p", {}, save(result)), provenance(result));
  card.dataset.start = result.start_s;
  card.dataset.end = result.end_s;
  return card;
}

function spreadCard(spread) {
  const image = element("img", { src: spread.file, className: "pixels" });
  image.alt = `Where the ${spread.samples} samples differ: bright is most`;
  return element("div", { className: "card" }, image,
    element("p", { textContent: `Where its ${spread.samples} samples differ: by ${percent(spread.spread)}` }),
    element("p", { className: "hint", textContent: "0 %: all alike; 100 %: black in one half of them and white in the other" }));
}

// Shows all results; shown is the address of the picture that was sent.
export function show(place, { results, spread = [] }, shown) {
  const cards = [];
  results.forEach((result, number) => {
    cards.push(result.target === "sound" ? soundCard(result, shown) : pictureCard(result));
    const next = results[number + 1];
    if (result.target === "image" && next?.start_s !== result.start_s) {
      const own = spread.find((entry) => entry.start_s === result.start_s);
      if (own) cards.push(spreadCard(own));
    }
  });
  place.replaceChildren(...cards);
}
