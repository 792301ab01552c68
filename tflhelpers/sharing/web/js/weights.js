/** Makes the model of what travelled: its weights come small, and the runtime computes with float32. */

const EXPONENTS = Float32Array.from({ length: 31 }, (_, exponent) => 2 ** (exponent - 25));
const TINIEST = 2 ** -24; // a float16's last place where its exponent is 0

/**
 * The model's file.
 * @param {ArrayBuffer} travelled
 * @param {{ whole_bytes: number, small: object[] }} how it was made small: tflhelpers/sharing/export/tflite_web.py
 * @returns {Uint8Array}
 */
export function widened(travelled, { whole_bytes: wholeBytes, small }) {
  const [source, whole] = [new Uint8Array(travelled), new Uint8Array(wholeBytes)];
  let [from, to] = [0, 0]; // bytes read, bytes written
  for (const place of small) {
    whole.set(source.subarray(from, from + place.at - to), to);
    from += place.at - to;
    const wide = new Float32Array(whole.buffer, place.at, place.count);
    from += place.kind === "float16" ? widenHalves(source, from, wide) : widenBytes(source, from, wide, place);
    to = place.at + wide.byteLength;
  }
  whole.set(source.subarray(from), to);
  return whole;
}

/** @returns {number} how many bytes were read */
function widenHalves(source, from, wide) {
  for (let at = 0; at < wide.length; at++, from += 2) {
    const [low, high] = [source[from], source[from + 1]];
    const [exponent, fraction] = [(high >> 2) & 31, ((high & 3) << 8) | low];
    const value = exponent ? (1024 + fraction) * EXPONENTS[exponent] : fraction * TINIEST;
    wide[at] = high & 128 ? -value : value;
  }
  return wide.length * 2;
}

/** @returns {number} how many bytes were read */
function widenBytes(source, from, wide, { channels, inner }) {
  const scales = new Float32Array(source.slice(from, from + channels * 4).buffer);
  const numbers = new Int8Array(source.buffer, from + channels * 4, wide.length);
  for (let at = 0; at < wide.length; at++) wide[at] = numbers[at] * scales[Math.floor(at / inner) % channels];
  return channels * 4 + wide.length;
}
