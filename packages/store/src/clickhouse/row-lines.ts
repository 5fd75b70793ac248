/** Lines of a JSONEachRow answer, and the block by which ClickHouse says that a stream broke after it had begun. */
import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { errorFromText } from './store-errors.ts';

/**
 * Yields each line that is not empty. Throws `StoreError` when the answer ends with an exception: a row is never
 * mistaken for one, because JSON text holds no bare carriage return and the block carries the tag of the header.
 */
export async function* readLines(response: IncomingMessage): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8');
  const tag = String(response.headers['x-clickhouse-exception-tag'] ?? '');
  let rest = '';
  let broken: string[] | undefined;
  for await (const chunk of response) {
    const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (broken) broken.push(line);
      else if (line === '__exception__\r') broken = [];
      // The block begins with a carriage return, perhaps in the middle of a row that was never finished.
      else if (line !== '' && !line.endsWith('\r')) yield line;
    }
  }
  rest += decoder.end();
  if (broken) {
    const text = [...broken, rest].join('\n').replaceAll('__exception__', '').replace(tag, '').trim();
    throw errorFromText(text);
  }
  // Servers before 25.11 write the bare error text behind the last row.
  if (/^Code: \d+\. DB::Exception/.test(rest)) throw errorFromText(rest);
  if (rest.trim() !== '') yield rest;
}
