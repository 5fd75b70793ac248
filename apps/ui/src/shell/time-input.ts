/** Milliseconds as a `datetime-local` field wants them: `2026-11-20T21:04:07`, in the viewer's zone. */
export function localInputText(ms: number): string {
  const offsetMs = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offsetMs).toISOString().slice(0, 19);
}

/** The way back; undefined for what is not a moment. */
export function readLocalInput(text: string): number | undefined {
  const ms = new Date(text).getTime();
  return Number.isFinite(ms) ? ms : undefined;
}
