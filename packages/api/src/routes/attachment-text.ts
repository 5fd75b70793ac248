/**
 * The beginning of a file as text, at most so many bytes; undefined where it is no UTF-8 or holds what no text does. A character
 * that the bound cuts is left out.
 */
export function attachmentText(content: Buffer, mostBytes: number): { text: string; truncated: boolean } | undefined {
  const truncated = content.length > mostBytes;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content.subarray(0, mostBytes), {
      stream: truncated,
    });
    // eslint-disable-next-line no-control-regex -- these are what tells a binary file
    return /[\u0000-\u0008\u000E-\u001A]/.test(text) ? undefined : { text, truncated };
  } catch {
    // Bytes that are no UTF-8: `fatal` throws a TypeError and nothing else.
    return undefined;
  }
}
