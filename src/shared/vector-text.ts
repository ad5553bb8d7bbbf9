// Vectors as text for rows, which are plain JSON: base64 of bfloat16 numbers, the upper half of a float, two bytes each. That
// is a third of a float's digits and all of its range, since single numbers of a model's vectors are far larger than the
// others; how near two texts are it tells to three digits.

export function vectorToText(vector: Float32Array): string {
  const bits = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
  const bytes = Buffer.alloc(2 * vector.length);
  // To the nearest, ties to even; numbers are finite.
  bits.forEach((value, i) => bytes.writeUInt16LE(((value + 0x7fff + ((value >>> 16) & 1)) >>> 16) & 0xffff, 2 * i));
  return bytes.toString('base64');
}

export function vectorFromText(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  const bits = Uint32Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readUInt16LE(2 * i) << 16);
  return new Float32Array(bits.buffer);
}
