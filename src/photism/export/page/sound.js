// Sounds: read at the rate that a graph wants, cut to what it takes, recorded, shown.

const QUIET = 0.01; // of the loudest sample, -40 dB: edges so quiet are cut off
const STEP_S = 0.01;

// Returns the samples of a file, mono, at a rate.
export async function decode(file, rate) {
  const sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(await file.arrayBuffer());
  const mono = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel += 1) {
    const samples = sound.getChannelData(channel);
    for (let n = 0; n < mono.length; n += 1) mono[n] += samples[n] / sound.numberOfChannels;
  }
  return mono.map((sample) => Math.max(-1, Math.min(1, sample)));
}

// Returns the loudest window of a length, or without one the whole sound but for its quiet edges.
export function cut(samples, length, least, rate) {
  if (length === null) return trimmed(samples, least, Math.round(STEP_S * rate));
  const window = new Float32Array(length);
  const start = samples.length > length ? loudest(samples, length, Math.round(STEP_S * rate)) : 0;
  window.set(samples.subarray(start, start + length));
  return window;
}

function loudest(samples, length, step) {
  let best = -1;
  let at = 0;
  for (let start = 0; start + length <= samples.length; start += step) {
    let power = 0;
    for (let n = start; n < start + length; n += 8) power += samples[n] * samples[n];
    if (power > best) [best, at] = [power, start];
  }
  return at;
}

function trimmed(samples, least, step) {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  let first = samples.findIndex((sample) => Math.abs(sample) > QUIET * peak);
  let last = samples.findLastIndex((sample) => Math.abs(sample) > QUIET * peak);
  if (first < 0) [first, last] = [0, samples.length - 1];
  const part = samples.slice(Math.max(0, first - step), last + 1 + step);
  if (part.length >= least) return part;
  const padded = new Float32Array(least);
  padded.set(part);
  return padded;
}

// Records until the function that it returns is called, which gives the file.
export async function record() {
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: plain });
  const recorder = new MediaRecorder(stream);
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  recorder.start();
  return () => new Promise((done) => {
    recorder.onstop = () => {
      for (const track of stream.getTracks()) track.stop();
      done(new File(parts, "recording", { type: recorder.mimeType }));
    };
    recorder.stop();
  });
}

// Draws a waveform.
export function drawWave(canvas, samples) {
  const pen = canvas.getContext("2d");
  const middle = canvas.height / 2;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#eceaf2";
  let peak = 1e-9;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  for (let x = 0; x < canvas.width; x += 1) {
    const start = Math.floor((x * samples.length) / canvas.width);
    const end = Math.max(start + 1, Math.floor(((x + 1) * samples.length) / canvas.width));
    let high = 0;
    for (let n = start; n < end; n += 1) high = Math.max(high, Math.abs(samples[n] ?? 0));
    const half = Math.max(0.5, (high / peak) * middle * 0.9);
    pen.fillRect(x, middle - half, 1, 2 * half);
  }
}
