/** A scan over roll-ups ends where it meets a series with native histograms: it is read from samples then. */
export class HistogramsNotRolled extends Error {
  override readonly name = 'HistogramsNotRolled';
}
