/** Share of the busiest hour's trade by local hour: doors open at nine, the evening is the peak, online orders all night. */
const byHour = [
  0.42, 0.38, 0.35, 0.35, 0.35, 0.35, 0.36, 0.38, 0.4, 0.45, 0.5, 0.55, 0.65, 0.6, 0.55, 0.6, 0.75, 0.95, 1, 1, 0.95,
  0.85, 0.65, 0.5,
];

const hourFormats = new Map<string, Intl.DateTimeFormat>();

/** The local hour, 0 to 23, at `nowMs` in `timeZone`. */
export function localHour(nowMs: number, timeZone: string): number {
  let format = hourFormats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { hour: 'numeric', hourCycle: 'h23', timeZone });
    hourFormats.set(timeZone, format);
  }
  return Number(format.format(nowMs));
}

/** Share of peak trade at `nowMs`, 0.35 to 1. */
export function tradeShare(nowMs: number, timeZone: string): number {
  return byHour[localHour(nowMs, timeZone)] ?? 0.3;
}
