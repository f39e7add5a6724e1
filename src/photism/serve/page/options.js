// The form: which weights, and how they are to draw.

const at = (id) => document.getElementById(id);

export function fill(systems) {
  const select = at("system");
  select.replaceChildren(...systems.map((system) => {
    const makes = system.makes.map((medium) => (medium === "image" ? "pictures" : "sounds"));
    return new Option(`${system.name}, makes ${makes.join(" and ")}`, system.name);
  }));
  select.onchange = () => show(systems);
  show(systems);
}

export const chosen = (systems) => systems.find((system) => system.name === at("system").value);

// Chooses weights that take a medium, unless those that are chosen do.
export function takeMedium(systems, medium) {
  if (chosen(systems)?.takes.includes(medium)) return;
  const able = systems.find((system) => system.default_for.includes(medium));
  if (!able) return;
  at("system").value = able.name;
  show(systems);
}

function show(systems) {
  const system = chosen(systems);
  at("label-row").hidden = !system.takes_label;
  at("noise").hidden = !system.noisy; // then all samples would be the same
  at("label").replaceChildren(
    new Option("let it listen", ""), ...system.classes.map((name) => new Option(name.replaceAll("_", " "), name)),
  );
  at("sampling").replaceChildren(...system.sampling.flatMap(control));
  const sha = system.weights_sha256.slice(0, 12);
  at("weights").textContent =
    `Weights ${system.name} (SHA-256 ${sha}…), ${system.title}, ${system.paper}.` +
    `${system.data ? ` Learnt from ${system.data}: ${system.licence}.` : ""}`;
}

// One setting of how to sample: a slider for a number, a list for a choice.
function control({ name, value, kind, choices }) {
  const label = document.createElement("label");
  const shown = name.replaceAll("_", " ");
  label.htmlFor = `sampling-${name}`;
  let field;
  if (choices.length || kind === "bool") {
    field = document.createElement("select");
    const names = choices.length ? choices.map(String) : ["true", "false"];
    field.replaceChildren(...names.map((choice) => new Option(choice, choice)));
    label.textContent = shown;
  } else {
    field = document.createElement("input");
    const number = kind === "int" || kind === "float";
    field.type = number ? "range" : "text";
    if (number) {
      field.min = kind === "int" ? 1 : 0;
      field.max = kind === "int" ? Math.max(50, 4 * value) : Math.max(10, 2 * value);
      field.step = kind === "int" ? 1 : 0.1;
    }
    const output = document.createElement("output");
    output.textContent = value;
    field.oninput = () => { output.textContent = field.value; };
    label.append(`${shown} `, output);
  }
  field.id = label.htmlFor;
  field.name = name;
  field.value = String(value);
  field.dataset.usual = String(value);
  return [label, field];
}

export function sampling() {
  const fields = [...at("sampling").querySelectorAll("select, input")];
  const changed = fields.filter((field) => field.value !== field.dataset.usual);
  return Object.fromEntries(changed.map((field) => [field.name, field.value]));
}

export function query(sound) {
  const wishes = new URLSearchParams({
    system: at("system").value,
    seed: at("seed").value || "0",
    num_samples: at("noise").hidden ? "1" : at("samples").value,
    log_mel: "true",
  });
  if (sound && at("all").checked) wishes.set("all", "true");
  if (!at("label-row").hidden && at("label").value) wishes.set("label", at("label").value);
  for (const [name, value] of Object.entries(sampling())) wishes.append("sampling", `${name}=${value}`);
  return wishes;
}

export function hello(rate) {
  return {
    rate,
    system: at("system").value,
    label: (!at("label-row").hidden && at("label").value) || null,
    seed: Number(at("seed").value || 0),
    sampling: sampling(),
    log_mel: false,
  };
}
