import type { ParseFault, Span } from '../ast.ts';

/** Thrown inside the parser and the type checker; their doors turn it into a value. */
export class ParseFailure extends Error {
  override readonly name = 'ParseFailure';
  readonly span: Span;
  constructor(span: Span, message: string) {
    super(message);
    this.span = span;
  }
}

/** The fault as Prometheus words it: `line:column: parse error: …`, columns counted in bytes from 1. */
export function faultOf(text: string, { span, message }: ParseFailure): ParseFault {
  return { message: `${place(text, span.start)}: parse error: ${message}`, span };
}

function place(text: string, offset: number): string {
  if (text === '') return 'unknown position';
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  return `${line}:${Buffer.byteLength(before.slice(lineStart)) + 1}`;
}
