import { expect, test } from 'vitest';
import { isObject, parseJson } from './json-reader.ts';
import { scanObject } from './scan-json.ts';

/** What `JSON.parse` makes of the same bytes. */
function expected(bytes: Buffer): ReturnType<typeof scanObject> {
  const value = parseJson(bytes.toString('utf8'));
  return isObject(value) ? { member: Object.hasOwn(value, 'event_id') ? value['event_id'] : undefined } : undefined;
}

const texts = [
  '{}',
  ' {\r\n\t} ',
  '{"event_id":"a"}',
  '{"event_id":"a","event_id":{"b":[1,2]}}',
  '{"event_id":1,"x":{"event_id":2},"y":[{"event_id":3}]}',
  String.raw`{"event\u005fid":"escaped","x":"\ud800"}`,
  String.raw`{"\u0065\u0076\u0065\u006e\u0074\u005f\u0069\u0064":"all escaped"}`,
  '{"event_id": null , "b" : [ ] }',
  '{"a":[[],{},"",0,-0,1.5,-1.5e+10,2E-3,true,false,null]}',
  `{"deep":${'['.repeat(255)}${']'.repeat(255)}}`,
  `{"deep":${'[{"a":'.repeat(600)}1${'}]'.repeat(600)},"event_id":"deep"}`,
  `{"deep":${'['.repeat(600)}${']'.repeat(599)}}`,
  '{"ü€😀":"ü€😀\u2028\u007f"}',
  '[]',
  '[{}]',
  '"{}"',
  '',
  ' ',
  '{',
  '}',
  '{]',
  '{"a":[}',
  '{"a":1]',
  '{"a":1,}',
  '{,}',
  '{"a"}',
  '{"a":}',
  '{"a":1 "b":2}',
  '{"a":1}{}',
  '{"a":1}x',
  '{a:1}',
  "{'a':1}",
  '{"a":01}',
  '{"a":1.}',
  '{"a":.5}',
  '{"a":+1}',
  '{"a":-}',
  '{"a":1e}',
  '{"a":1e+}',
  '{"a":tru}',
  '{"a":True}',
  '{"a":nul',
  '{"a":nullx}',
  '{"a":NaN}',
  '{"a":"\n"}',
  '{"a":"\u0000"}',
  String.raw`{"a":"\x"}`,
  String.raw`{"a":"\u12g4"}`,
  String.raw`{"a":"\u12`,
  String.raw`{"a":"\"}`,
  '{"a":[1,]}',
  '{"a":[,1]}',
  '\uFEFF{}',
  '\u00a0{}',
  '/**/{}',
];

test.each(texts)('%j is judged as JSON.parse does', (text) => {
  const bytes = Buffer.from(text);
  expect(scanObject(bytes, 'event_id')).toEqual(expected(bytes));
});

test('bytes that are no UTF-8 are read as JSON.parse reads them', () => {
  for (const bytes of [
    Buffer.from([123, 34, 255, 34, 58, 34, 192, 34, 125]),
    Buffer.from([123, 255, 125]),
    Buffer.concat([Buffer.from('{"event_id":"'), Buffer.from([195]), Buffer.from('"}')]),
  ])
    expect(scanObject(bytes, 'event_id')).toEqual(expected(bytes));
});

test('whatever a byte of a good text becomes, the verdict is that of JSON.parse', () => {
  const good = Buffer.from(
    String.raw`{"a":[1,-2.5e3,{"b":"c\u00e9\n"},true,null,[]],"event_id":"x","k":{"event_id":[{}]} , "z":0.1}`,
  );
  const alphabet = Buffer.from('{}[]",:\\/ -+.019eEuntfalrs\n\u0001é');
  let judged = 0;
  for (let at = 0; at < good.length; at++) {
    for (const byte of alphabet) {
      const changed = Buffer.from(good);
      changed[at] = byte;
      for (const bytes of [changed, changed.subarray(0, at + 1), Buffer.concat([changed, good.subarray(at)])]) {
        judged++;
        expect(scanObject(bytes, 'event_id'), bytes.toString('latin1')).toEqual(expected(bytes));
      }
    }
  }
  expect(judged).toBeGreaterThan(8000);
});
