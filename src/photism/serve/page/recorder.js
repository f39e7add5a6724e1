// Cuts what the microphone gives into blocks of int16, each with the time of its last sample.

class Recorder extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super();
    this.block = new Int16Array(Math.round(processorOptions.block_s * sampleRate));
    this.filled = 0;
  }

  process([channels]) {
    const frames = channels.length ? channels[0].length : 0;
    for (let frame = 0; frame < frames; frame += 1) {
      let sum = 0;
      for (const channel of channels) sum += channel[frame];
      const level = Math.max(-1, Math.min(1, sum / channels.length));
      this.block[this.filled] = Math.round(level * 32767);
      this.filled += 1;
      if (this.filled === this.block.length) {
        this.port.postMessage({ samples: this.block.slice(), end_ms: Date.now() });
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("recorder", Recorder);
