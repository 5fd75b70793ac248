/** Attributes are stored as text; of these the conventions say that they are whole numbers. */
export function isNumeric(key: string, value: string): boolean {
  return (
    /(?:^|[._])(?:status_code|port|attempt|count|size|tokens|length)$/.test(key) &&
    /^-?(?:0|[1-9]\d{0,14})$/.test(value)
  );
}
