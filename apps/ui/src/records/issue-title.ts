/** `TypeError: x is undefined`, or whichever half is known. */
export function issueTitle({ type, message }: { readonly type: string; readonly message: string }): string {
  // What a client sent as a message has no type of its own.
  if (type === '' || (type === 'Message' && message !== '') || message.startsWith(`${type}:`))
    return message || 'Error without a message';
  return message === '' ? type : `${type}: ${message}`;
}
