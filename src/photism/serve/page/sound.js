// Microphone, recordings as WAV files, and the log-mel of whatever sounds.

const BANDS = 64;
const FLOOR_DB = -100;
const STOPS = [[0, 0, 4], [81, 18, 124], [183, 55, 121], [252, 137, 97], [252, 253, 191]]; // magma

let context;

export function audio() {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
  return context;
}

// Opens the microphone. told({samples, end_ms}) is called for each block.
export async function microphone(block_s, told) {
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  if (!navigator.mediaDevices) throw new Error("a microphone needs this page at localhost or over https");
  const stream = await navigator.mediaDevices.getUserMedia({ audio: plain });
  const at = audio();
  await at.audioWorklet.addModule("/page/recorder.js");
  const source = at.createMediaStreamSource(stream);
  const recorder = new AudioWorkletNode(at, "recorder", {
    numberOfOutputs: 0, processorOptions: { block_s },
  });
  recorder.port.onmessage = ({ data }) => told(data);
  source.connect(recorder);
  return {
    source,
    rate: at.sampleRate,
    close() {
      recorder.port.onmessage = null;
      source.disconnect();
      for (const track of stream.getTracks()) track.stop();
    },
  };
}

// Returns blocks of int16 as a WAV file.
export function wav(blocks, rate, name) {
  const size = 2 * blocks.reduce((sum, block) => sum + block.length, 0);
  const head = new DataView(new ArrayBuffer(44));
  const text = (at, word) => [...word].forEach((letter, n) => head.setUint8(at + n, letter.charCodeAt(0)));
  text(0, "RIFF"); head.setUint32(4, 36 + size, true); text(8, "WAVEfmt ");
  head.setUint32(16, 16, true); head.setUint16(20, 1, true); head.setUint16(22, 1, true);
  head.setUint32(24, rate, true); head.setUint32(28, 2 * rate, true);
  head.setUint16(32, 2, true); head.setUint16(34, 16, true);
  text(36, "data"); head.setUint32(40, size, true);
  return new File([head, ...blocks], name, { type: "audio/wav" });
}

// Draws the log-mel of a node's sound into a canvas, newest at the right, until it is stopped.
export function logMel(canvas, node) {
  const analyser = node.context.createAnalyser();
  analyser.fftSize = 2048;
  analyser.smoothingTimeConstant = 0;
  node.connect(analyser);
  const levels = new Float32Array(analyser.frequencyBinCount);
  const edges = melEdges(node.context.sampleRate, levels.length);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  let running = true;
  const step = () => {
    if (!running) return;
    analyser.getFloatFrequencyData(levels);
    pen.drawImage(canvas, -2, 0);
    const height = canvas.height / BANDS;
    for (let band = 0; band < BANDS; band += 1) {
      let loudest = FLOOR_DB;
      for (let bin = edges[band]; bin <= edges[band + 1]; bin += 1) loudest = Math.max(loudest, levels[bin]);
      pen.fillStyle = colour((loudest - FLOOR_DB) / -(FLOOR_DB + 20));
      pen.fillRect(canvas.width - 2, canvas.height - (band + 1) * height, 2, height + 1);
    }
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
  return () => {
    if (running) node.disconnect(analyser);
    running = false;
  };
}

function melEdges(rate, bins) {
  const mel = (hz) => 2595 * Math.log10(1 + hz / 700);
  const top = mel(Math.min(rate / 2, 8000));
  return Array.from({ length: BANDS + 1 }, (_, band) => {
    const hz = 700 * (10 ** ((top * band) / BANDS / 2595) - 1);
    return Math.min(bins - 1, Math.round((hz / (rate / 2)) * bins));
  });
}

function colour(share) {
  const place = Math.max(0, Math.min(0.999, share)) * (STOPS.length - 1);
  const [low, high] = [STOPS[Math.floor(place)], STOPS[Math.floor(place) + 1]];
  const part = place % 1;
  return `rgb(${low.map((value, n) => Math.round(value + part * (high[n] - value))).join(" ")})`;
}
