/** Where things lie in the memory that the compiled functions work on. Addresses and sizes in bytes, unless said otherwise. */

/** Samples of a series; of more the columns lie elsewhere, and JavaScript does the work. */
export const sampleCapacity = 2 ** 16;
/** Steps of a grid. */
export const stepCapacity = 2 ** 14;
/** Edges of windows: steps, and those of the range before the first. */
export const edgeCapacity = 2 ** 15;
/** A chunk and what must be readable behind it. */
export const chunkCapacity = 2 ** 16;

/** What vectors write and read beyond a column's end. */
const slack = 64;

let end = 0;
function room(bytes: number): number {
  const at = end;
  end += bytes + slack;
  return at;
}

/** Widest numbers that are unpacked here, bits. */
export const mostBits = 25;
/** For each width and each bit at which four numbers begin: which bytes hold each of them, and what moves it to bit 7. */
export const spreadBytes = 32;
export const spreads = room((mostBits + 1) * 8 * spreadBytes);
export const chunk = room(chunkCapacity);
/** The time before and behind all samples stand around them while windows are sought. */
export const times = room(sampleCapacity * 8) + slack / 2;
export const values = room(sampleCapacity * 8) + slack / 2;
/** Whole numbers of 32 bits: how many samples are not later than each edge. */
export const edges = room(edgeCapacity * 4);
/** What steps come to: of one series, or of a group so far with its compensation and how many series there were. */
export const results = room(stepCapacity * 8);
export const compensation = room(stepCapacity * 8);
export const counts = room(stepCapacity * 8);
/** A byte for each step: whether it has a value. */
export const present = room(stepCapacity);

export const memoryPages = Math.ceil(end / 65_536);

/** Fills `spreads`. */
export function writeSpreads(memory: ArrayBuffer): void {
  const bytes = new Uint8Array(memory);
  const view = new DataView(memory);
  for (let width = 0; width <= mostBits; width++) {
    for (let bit = 0; bit < 8; bit++) {
      const at = spreads + (width * 8 + bit) * spreadBytes;
      for (let lane = 0; lane < 4; lane++) {
        const from = bit + lane * width;
        for (let byte = 0; byte < 4; byte++) bytes[at + 4 * lane + byte] = (from >>> 3) + byte;
        view.setUint32(at + 16 + 4 * lane, 2 ** (7 - (from & 7)), true);
      }
    }
  }
}
