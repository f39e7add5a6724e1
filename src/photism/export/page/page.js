// Runs the graph that lies beside this page on what is dropped or recorded.

import * as ort from "./runtime/ort.wasm.min.mjs";
import * as pictures from "./picture.js";
import * as sounds from "./sound.js";

const SILENCE = 1e-4; // -80 dB of full scale
const at = (id) => document.getElementById(id);
let card;
let session;
let given; // what went in last, as the graph takes it
let stop; // ends the recording
let silent = false;

async function start() {
  ort.env.wasm.numThreads = 1; // more need headers that a plain server does not send
  ort.env.wasm.wasmPaths = new URL("./runtime/", import.meta.url).href;
  card = await (await fetch("model.onnx.json")).json();
  session = await ort.InferenceSession.create("model.onnx", { executionProviders: ["wasm"] });
  const hears = card.target === "image";
  document.title = `photism: ${card.weights}`;
  at("lead").textContent = hears ? "Let it hear something, and see it." : "Show it a picture, and see the log-mel of its sound.";
  at("kind").textContent = hears ? "a sound or a video" : "a picture";
  at("file").accept = hears ? "audio/*,video/*" : "image/*";
  at("file").disabled = false;
  at("record").hidden = !hears || !navigator.mediaDevices;
  at("seed-row").hidden = !port("noise");
  at("label-row").hidden = !port("label");
  for (const name of port("label") ? card.classes : []) at("label").append(new Option(name.replaceAll("_", " "), name));
  at("card").textContent = `${card.title}, weights ${card.weights}, ${card.precision}; data: ${card.data || "not stated"}; ${card.licence_id}`;
  tell("Ready.");
}

const port = (name) => card.inputs.find((input) => input.name === name);

async function take(file) {
  if (!file) return;
  try {
    const input = card.inputs[0];
    if (card.target === "image") {
      const samples = await sounds.decode(file, card.rate);
      given = sounds.cut(samples, input.shape[0], card.least_samples, card.rate);
      sounds.drawWave(at("given"), given);
      at("given-caption").textContent = `what was heard, ${(given.length / card.rate).toFixed(2)} s`;
      silent = given.every((sample) => Math.abs(sample) < SILENCE);
      play(file);
    } else {
      given = await pictures.decode(file, input.shape);
      at("given").classList.add("picture");
      pictures.draw(at("given"), given, input.shape);
    }
    await translate();
  } catch (error) {
    tell(`${file.name || "This"} cannot be read: ${error.message}`, true);
  }
}

async function translate() {
  if (!given) return;
  const began_ms = performance.now();
  const feeds = { [card.inputs[0].name]: tensor(given, card.inputs[0], [given.length]) };
  if (port("noise")) feeds.noise = tensor(normal(product(port("noise").shape), Number(at("seed").value)), port("noise"));
  if (port("label")) feeds.label = new ort.Tensor("int64", BigInt64Array.of(BigInt(card.classes.indexOf(at("label").value))), [1]);
  const made = await session.run(feeds);
  const took_ms = performance.now() - began_ms;
  const { name, shape } = card.outputs[0];
  const show = card.target === "image" ? pictures.draw : pictures.drawLevels;
  show(at("made"), made[name].data, shape);
  const heard = recognised(made.probability?.data);
  at("made").setAttribute("aria-label", heard || "What was made");
  const said = [heard, `${Math.round(took_ms)} ms`, silent && "nothing was heard: the picture is arbitrary"];
  tell(said.filter(Boolean).join(", "));
}

function recognised(probabilities) {
  if (!probabilities) return "";
  if (port("label") && at("label").value) return at("label").value.replaceAll("_", " ");
  const best = probabilities.indexOf(Math.max(...probabilities));
  return `${card.classes[best].replaceAll("_", " ")} (${Math.round(100 * probabilities[best])} %)`;
}

function tensor(values, input, shape = input.shape) {
  return new ort.Tensor("float32", values, [1, ...(input.shape.includes(null) ? shape : input.shape)]);
}

const product = (shape) => shape.reduce((a, b) => a * b, 1);

// Standard normal numbers of a seed (mulberry32, Box and Muller).
function normal(count, seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return Float32Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
}

function play(file) {
  const player = document.createElement("audio");
  player.controls = true;
  player.src = URL.createObjectURL(file);
  URL.revokeObjectURL(at("player").firstChild?.src);
  at("player").replaceChildren(player);
}

function tell(text, wrong = false) {
  at("status").textContent = text;
  at("status").classList.toggle("wrong", wrong);
}

async function toggle() {
  const recording = !stop;
  if (recording) stop = await sounds.record();
  at("record").setAttribute("aria-pressed", String(recording));
  at("record-text").textContent = recording ? "Stop" : "Record";
  if (recording) return;
  const end = stop;
  stop = undefined;
  await take(await end());
}

const wrong = (error) => tell(error.message, true);
at("file").onchange = () => take(at("file").files[0]);
at("record").onclick = () => toggle().catch(wrong);
at("label").onchange = () => translate().catch(wrong);
at("seed").onchange = () => translate().catch(wrong);
at("other").onclick = () => {
  at("seed").value = Number(at("seed").value) + 1;
  translate().catch(wrong);
};
at("options").onsubmit = (event) => event.preventDefault();
const drop = at("drop");
document.ondragover = (event) => {
  event.preventDefault();
  drop.classList.add("over");
};
document.ondragleave = () => drop.classList.remove("over");
document.ondrop = (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  take(event.dataTransfer.files[0]);
};
start().catch(wrong);
