// The page: what somebody does, and what is shown of it.

import * as api from "./api.js";
import * as options from "./options.js";
import { heardText, show } from "./results.js";
import { audio, logMel, microphone, wav } from "./sound.js";

const BLOCK_S = 0.1;
const KEPT = 200; // latencies
const at = (id) => document.getElementById(id);

let systems = [];
let limits = {};
let last; // the file that was translated
let session; // the microphone, while it is open
let stopLogMel = () => {};
let asked = 0;

// Says how things are; what stands elsewhere on the page already is added for who cannot see it.
function say(text, { bad = false, unseen = "" } = {}) {
  at("status").textContent = text;
  at("status").classList.toggle("bad", bad);
  if (unseen) at("status").append(Object.assign(document.createElement("span"), { className: "unseen", textContent: ` ${unseen}` }));
}

function fail(error) {
  say(error.message, { bad: true });
  at("ask-token").hidden = !(error instanceof api.TokenNeeded);
}

async function begin() {
  try {
    ({ systems, limits } = await api.systems());
    options.fill(systems);
    at("ask-token").hidden = true;
    say("");
  } catch (error) { fail(error); }
}

// ---- a file ----

async function translate(file) {
  const sound = !file.type.startsWith("image/");
  options.takeMedium(systems, sound ? "sound" : "image");
  last = file;
  asked += 1;
  const mine = asked;
  at("again").disabled = false;
  say(`Translating ${file.name} …`);
  try {
    const found = await api.translate(file, options.query(sound));
    if (mine !== asked) return; // something newer was asked for
    const shown = sound ? null : URL.createObjectURL(file);
    show(at("cards"), found, shown);
    at("results").hidden = false;
    const first = found.results.find((result) => result.heard) ?? found.results[0];
    if (first.target === "image") paint(first, true);
    else present(shown, first);
    player(sound ? file : null, found.results);
    const kind = first.target === "sound" ? "sound" : "picture";
    const many = found.results.length > 1 ? "s" : "";
    say(`${found.results.length} ${kind}${many} of ${file.name}.`, { unseen: heardText(first) });
  } catch (error) {
    if (mine === asked) fail(error);
  }
}

function paint(result, still = false) {
  if (still) drawn(result.log_mel);
  const image = at("picture");
  image.src = result.file;
  image.className = `pixels${result.heard ? "" : " old"}`;
  image.alt = `Picture of what was heard. ${heardText(result)}`;
  at("picture-caption").textContent = "the picture of it";
  at("heard").textContent = heardText(result);
  at("heard").dataset.state = result.heard ? "heard" : "unheard";
}

// Shows a log-mel in the place where it passes by while something sounds.
async function drawn(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = at("log-mel");
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
}

function present(address, result) {
  drawn(result.log_mel);
  at("picture").src = address;
  at("picture").className = "";
  at("picture").alt = "The picture that was given";
  at("picture-caption").textContent = "the picture that was given";
  at("heard").textContent = heardText(result);
  at("heard").dataset.state = "heard";
}

// A player of what was sent, whose pictures and log-mel follow it.
function player(file, results) {
  stopLogMel();
  at("player").replaceChildren();
  if (!file) return;
  const element = document.createElement("audio");
  element.controls = true;
  element.src = URL.createObjectURL(file);
  element.setAttribute("aria-label", `Play ${file.name}`);
  const follow = () => {
    const time = element.currentTime;
    const now = results.find((result) => result.start_s <= time && time < result.end_s);
    for (const card of at("cards").children) {
      const playing = Number(card.dataset.start) <= time && time < Number(card.dataset.end);
      card.classList.toggle("now-playing", playing && !element.paused);
    }
    if (now && at("picture").src !== now.file) paint(now);
    if (!element.paused) requestAnimationFrame(follow);
  };
  let source;
  element.onplay = () => {
    source ??= audio().createMediaElementSource(element);
    source.connect(audio().destination);
    stopLogMel();
    stopLogMel = logMel(at("log-mel"), source);
    follow();
  };
  element.onpause = () => { stopLogMel(); follow(); };
  at("player").append(element);
}

// ---- the microphone ----

async function open(keep) {
  if (session) return;
  const mine = { blocks: [], latencies: [], recorded_s: 0, wanted: true };
  session = mine;
  options.takeMedium(systems, "sound");
  try {
    mine.microphone = await microphone(BLOCK_S, (block) => {
      if (keep && mine.recorded_s < (limits.seconds ?? 60)) {
        mine.blocks.push(block.samples);
        mine.recorded_s += BLOCK_S;
      }
      mine.socket?.send(block);
    });
    if (!mine.wanted) { mine.microphone.close(); return; } // let go before it was open
    mine.socket = api.live(options.hello(mine.microphone.rate), (window) => live(window, mine), (why) => {
      if (why) fail(new Error(why));
      if (session === mine) close();
    });
    at("player").replaceChildren();
    stopLogMel();
    stopLogMel = logMel(at("log-mel"), mine.microphone.source);
    say("Listening …");
  } catch (error) {
    session = undefined;
    release();
    fail(new Error(error.name === "NotAllowedError" ? "the browser did not allow the microphone" : error.message));
  }
}

// Closes the microphone and returns what was recorded.
function close() {
  const mine = session;
  session = undefined;
  release();
  if (!mine) return null;
  mine.wanted = false;
  stopLogMel();
  mine.microphone?.close();
  mine.socket?.close();
  say("");
  return mine.blocks.length ? wav(mine.blocks, mine.microphone.rate, "spoken.wav") : null;
}

function release() {
  at("hold").classList.remove("on");
  at("listen").setAttribute("aria-pressed", "false");
  at("listen").textContent = "Keep listening";
}

// Shows one window of live sound, and measures how late it is on the screen.
async function live(window, mine) {
  if (session !== mine) return;
  at("heard").dataset.state = window.heard ? "heard" : "unheard";
  at("heard").textContent = heardText({ ...window, target: "image" });
  const image = at("picture");
  if (window.heard) {
    image.src = window.picture;
    image.className = "pixels";
    at("picture-caption").textContent = "the picture of it";
    image.alt = `Picture of what is heard. ${heardText({ ...window, target: "image" })}`;
    await image.decode().catch(() => {});
  } else {
    image.classList.add("old");
  }
  requestAnimationFrame(() => setTimeout(() => { // after the frame has been painted
    mine.latencies.push(Date.now() - window.sent_ms);
    if (mine.latencies.length > KEPT) mine.latencies.shift();
    const sorted = [...mine.latencies].sort((a, b) => a - b);
    const quantile = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    at("latency").hidden = false;
    Object.assign(at("latency").dataset, { median: quantile(0.5), p95: quantile(0.95), drawn: window.drawn, dropped: window.dropped });
    at("latency").textContent =
      `From the end of a window to the screen: ${quantile(0.5)} ms (median), ${quantile(0.95)} ms (95 %);` +
      ` ${window.drawn} windows shown, ${window.dropped} dropped`;
  }));
}

function letGo() {
  if (!at("hold").classList.contains("on")) return;
  const file = close();
  if (file) translate(file);
}

function hold(event) {
  if (session || event.button > 0) return;
  event.preventDefault();
  at("hold").focus();
  at("hold").classList.add("on");
  open(true);
}

at("hold").addEventListener("pointerdown", hold);
for (const kind of ["pointerup", "pointercancel", "blur"]) window.addEventListener(kind, letGo);
at("hold").addEventListener("keydown", (event) => {
  if ((event.key === " " || event.key === "Enter") && !event.repeat) hold(event);
  else if (event.key === " " || event.key === "Enter") event.preventDefault();
});
at("hold").addEventListener("keyup", (event) => {
  if (event.key === " " || event.key === "Enter") { event.preventDefault(); letGo(); }
});
at("hold").addEventListener("contextmenu", (event) => event.preventDefault());
at("listen").onclick = () => {
  if (session) { close(); return; }
  at("listen").setAttribute("aria-pressed", "true");
  at("listen").textContent = "Stop listening";
  open(false);
};

// ---- files, examples, options ----

at("file").onchange = () => { if (at("file").files[0]) translate(at("file").files[0]); };
at("drop").ondragover = (event) => { event.preventDefault(); at("drop").classList.add("over"); };
at("drop").ondragleave = () => at("drop").classList.remove("over");
at("drop").ondrop = (event) => {
  event.preventDefault();
  at("drop").classList.remove("over");
  if (event.dataTransfer.files[0]) translate(event.dataTransfer.files[0]);
};
at("example").onclick = async () => {
  const content = await (await fetch("/example")).blob();
  translate(new File([content], "three.flac", { type: "audio/flac" }));
};
at("samples").oninput = () => { at("samples-value").textContent = at("samples").value; };
at("again").onclick = () => translate(last);
at("options").onsubmit = (event) => event.preventDefault();
at("ask-token").onsubmit = (event) => {
  event.preventDefault();
  api.secret.token = at("token").value;
  begin();
};

begin();
