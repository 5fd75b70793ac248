import { describe, expect, test } from 'vitest';
import { LogReader } from './log-lines.ts';

const at = '2026-11-21T09:26:47.123456789Z';
const frame = (stream: 1 | 2, text: string): Buffer => {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
};
const read = (chunks: readonly Buffer[], options: Partial<ConstructorParameters<typeof LogReader>[0]> = {}) => {
  const reader = new LogReader({ tty: false, limitLines: 100, limitBytes: 100_000, ...options });
  for (const chunk of chunks) reader.push(chunk);
  const { lines, cut } = reader.finish();
  return { cut, lines: lines.map((line) => `${line.stream} ${line.at === null ? '-' : 'at'} ${line.text}`) };
};

describe('the log stream of an engine', () => {
  const whole = Buffer.concat([frame(1, `${at} one\n`), frame(2, `${at} zwei é\n`), frame(1, `${at} three`)]);
  const lines = ['stdout at one', 'stderr at zwei é', 'stdout at three'];

  test.each([
    ['whole', [whole]],
    ['byte by byte', [...whole].map((byte) => Buffer.from([byte]))],
    ['cut in a head', [whole.subarray(0, 3), whole.subarray(3)]],
  ])('is read %s', (_, chunks) => {
    expect(read(chunks)).toEqual({ cut: false, lines });
  });

  test('a line in two frames is one line, beside another stream', () => {
    expect(read([frame(1, `${at} on`), frame(2, `${at} err\n`), frame(1, 'e\n')])).toEqual({
      cut: false,
      lines: ['stderr at err', 'stdout at one'],
    });
  });

  test('a terminal has no heads', () => {
    expect(read([Buffer.from(`${at} \u001b[1;31mred\u001b[0m\r\n${at} x`)], { tty: true })).toEqual({
      cut: false,
      lines: ['stdout at red', 'stdout at x'],
    });
  });

  test('the newest lines are kept, by number and by size', () => {
    const many = Array.from({ length: 1000 }, (_, n) => frame(1, `${at} ${n}\n`));
    expect(read(many, { limitLines: 2 })).toEqual({ cut: true, lines: ['stdout at 998', 'stdout at 999'] });
    const bounded = read(many, { limitBytes: 630 });
    expect(bounded).toMatchObject({ cut: true });
    expect(bounded.lines).toHaveLength(10);
  });

  test('an endless line is cut, and lines without a time stay as they are', () => {
    const endless = Array.from({ length: 100 }, () => frame(1, 'x'.repeat(10_000)));
    const [line] = read([...endless, frame(1, '\nplain\n')]).lines;
    expect(line?.length).toBeLessThan(20_000);
    expect(read([frame(1, 'plain words here\n')]).lines).toEqual(['stdout - plain words here']);
  });

  test('what is not framed is refused instead of kept', () => {
    expect(() => read([Buffer.alloc(500_000, 0x7f)], { limitBytes: 1000 })).toThrow(/not framed/);
  });
});
