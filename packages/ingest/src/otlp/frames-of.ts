import type { Frame } from '../protocol.ts';

/** What was built as the frame of its lane, none when nothing was kept. The builder must not be used afterwards. */
export function framesOf(
  builder: { readonly records: number; build(): Buffer },
  lane: string,
  signal: Frame['signal'],
): readonly Frame[] {
  const { records } = builder;
  return records === 0 ? [] : [{ lane, bytes: builder.build(), records, signal }];
}
