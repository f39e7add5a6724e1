// Pictures: from a file to (channel, height, width) in [-1, 1], and back onto a canvas.

// Returns a picture, cut to the middle and brought to a size.
export async function decode(file, [channels, height, width]) {
  const image = await createImageBitmap(file);
  const side = Math.min(image.width / width, image.height / height);
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff"; // behind what is transparent
  pen.fillRect(0, 0, width, height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(
    image,
    (image.width - side * width) / 2, (image.height - side * height) / 2, side * width, side * height,
    0, 0, width, height,
  );
  const { data } = pen.getImageData(0, 0, width, height);
  const values = new Float32Array(channels * height * width);
  for (let place = 0; place < height * width; place += 1) {
    const [red, green, blue] = data.subarray(4 * place, 4 * place + 3);
    const colours = channels === 1 ? [0.299 * red + 0.587 * green + 0.114 * blue] : [red, green, blue];
    colours.forEach((value, channel) => { values[channel * height * width + place] = value / 127.5 - 1; });
  }
  return values;
}

// Draws (channel, height, width) in [-1, 1]; one channel is grey.
export function draw(canvas, values, [channels, height, width]) {
  const pixels = new ImageData(width, height);
  for (let place = 0; place < height * width; place += 1) {
    for (let colour = 0; colour < 3; colour += 1) {
      const value = values[(channels === 1 ? 0 : colour) * height * width + place];
      pixels.data[4 * place + colour] = Math.round((value + 1) * 127.5);
    }
    pixels.data[4 * place + 3] = 255;
  }
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

// Draws levels (mel_bin, frame), lowest band first, from the quietest in black to the loudest.
export function drawLevels(canvas, levels, [bands, frames]) {
  let low = Infinity;
  let high = -Infinity;
  for (const level of levels) [low, high] = [Math.min(low, level), Math.max(high, level)];
  const values = new Float32Array(levels.length);
  for (let band = 0; band < bands; band += 1) {
    for (let frame = 0; frame < frames; frame += 1) {
      const level = levels[(bands - 1 - band) * frames + frame];
      values[band * frames + frame] = (2 * (level - low)) / Math.max(high - low, 1e-9) - 1;
    }
  }
  draw(canvas, values, [1, bands, frames]);
}
