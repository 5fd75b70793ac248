/** A reduction ends where it meets a histogram. */
export class HistogramMet extends Error {
  override readonly name = 'HistogramMet';
}
