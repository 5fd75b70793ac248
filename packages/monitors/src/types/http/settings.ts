import { z } from 'zod';
import { parseJsonPath } from './json-path.ts';
import { parseStatusSet } from './status-set.ts';

const mostHeaders = 50;
/** Those that belong to the connection, not to who asks. */
const ownHeaders = new Set(['connection', 'content-length', 'transfer-encoding', 'upgrade', 'expect', 'te', 'trailer']);

const address = z
  .string()
  .max(2000)
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'begins with http:// or https://');

const headers = z
  .record(
    z
      .string()
      .max(200)
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'a header name has letters, digits and dashes')
      .refine((name) => !ownHeaders.has(name.toLowerCase()), 'this header is set by the connection'),
    z
      .string()
      .max(8000)
      .regex(/^[\t\u0020-\u007e\u0080-\u00ff]*$/, 'a header value has no line breaks'),
  )
  .refine((all) => Object.keys(all).length <= mostHeaders, `at most ${mostHeaders} headers`);

export const httpSettings = z.object({
  url: address,
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('GET'),
  headers: headers.default({}),
  body: z.string().max(64_000).default(''),
  /** `200-299, 401`; also `2xx`. */
  status: z
    .string()
    .max(200)
    .default('200-299')
    .superRefine((text, context) => {
      const read = parseStatusSet(text);
      if (!read.ok) context.addIssue({ code: 'custom', message: read.error });
    }),
  /** Text that the body must hold; '' for nothing. */
  contains: z.string().max(1000).default(''),
  /** Text that the body must not hold; '' for nothing. */
  lacks: z.string().max(1000).default(''),
  /** `$.status`; '' for nothing. */
  jsonPath: z
    .string()
    .max(500)
    .default('')
    .superRefine((text, context) => {
      const read = parseJsonPath(text);
      if (!read.ok) context.addIssue({ code: 'custom', message: read.error });
    }),
  /** What must stand at `jsonPath`: text as it is, all else as JSON. '': anything but nothing and null. */
  jsonEquals: z.string().max(1000).default(''),
  /** Fewer days than this until the certificate ends is down; 0: not watched. */
  tlsDays: z.number().int().min(0).max(365).default(7),
  /** False accepts any certificate, also one that has ended. */
  tlsVerify: z.boolean().default(true),
  followRedirects: z.boolean().default(true),
});
export type HttpSettings = z.output<typeof httpSettings>;
