/** A scan over roll-ups ends where it meets native histograms that they hold too little of: it is read from samples then. */
export class HistogramsNotRolled extends Error {
  override readonly name = 'HistogramsNotRolled';
}
