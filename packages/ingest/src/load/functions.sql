-- Functions of the loading statements, made when a loader starts. One statement per ';' at the end of a line.
-- They are macros: an argument named twice is written twice, and a text that is long costs the engine planning. What is worked out
-- and named more than once is therefore handed to a lambda over arrays of one element.

-- Personal data and secrets (docs: PII). What is removed leaves a marker that names its rule: <password>, <secret>, <token>, <email>, <pan>, <ip>.
CREATE OR REPLACE FUNCTION luhn_ok AS digits -> arraySum((c, i) -> if(i % 2 = 0, c * 2 - 9 * (c > 4), c), arrayMap(x -> toUInt8(x), reverse(splitByString('', digits))), range(1, length(digits) + 1)) % 10 = 0;

-- Card numbers: 13 to 19 digits in one piece, 4-4-4-4, or 4-6-5, of an issuer's range (2 to 6), that pass Luhn's test.
-- Each card number is one pass over the text. A text with more than 200 of them is no text of ours: there, all that looks like one goes in a single pass.
CREATE OR REPLACE FUNCTION pans_in AS b -> arrayFilter(c -> luhn_ok(replaceRegexpAll(c, '[^0-9]', '')), arrayDistinct(extractAll(b, '(?:\\b|_)([2-6]\\d{12,18}|[2-6]\\d{3}[ -]\\d{4}[ -]\\d{4}[ -]\\d{4}|3[47]\\d{2}[ -]\\d{6}[ -]\\d{5})(?:\\b|_)')));
-- A card's magnetic track goes as a whole: what stands behind the number (holder, expiry, code) may not be kept either.
CREATE OR REPLACE FUNCTION scrub_tracks AS b -> replaceRegexpAll(b, '[2-6]\\d{12,18}(?:=\\d{7,}|\\^[^^"\\x00]{2,26}\\^\\d{7,}[^?\\s"\\x00]*)', '<pan>');
CREATE OR REPLACE FUNCTION scrub_numbers AS b -> arrayMap((text, pans) -> arrayFold((acc, c) -> replaceAll(acc, c, '<pan>'), arraySlice(pans, 1, 200),
  if(length(pans) > 200, replaceRegexpAll(text, '(\\b|_)(?:[2-6]\\d{12,18}|[2-6]\\d{3}[ -]\\d{4}[ -]\\d{4}[ -]\\d{4}|3[47]\\d{2}[ -]\\d{6}[ -]\\d{5})(\\b|_)', '\\1<pan>\\2'), text)), [b], [pans_in(b)])[1];
CREATE OR REPLACE FUNCTION scrub_pan AS b -> arrayMap(x -> scrub_numbers(x), [scrub_tracks(b)])[1];

-- Passwords within URLs (never beyond the quotation mark that ends a text of JSON), secrets given by name, authorization schemes, tokens known by their form; then e-mail addresses.
CREATE OR REPLACE FUNCTION scrub_secrets AS b -> replaceRegexpAll(replaceRegexpAll(replaceRegexpAll(replaceRegexpAll(b,
  '([a-zA-Z][a-zA-Z0-9+.-]*://[^\\s:/@\\x00"]*:)(?:[^\\s@/\\x00"]|"[^\\s@/\\x00,:}\\]"])+@', '\\1<password>@'),
  '(?i)((?:password|passwd|pwd|passphrase|secret|api[_-]?key|(?:access|refresh|auth|session|csrf|xsrf|bearer)[_-]?token|cv[vc]2?|(?:\\b|_|card|user)pin|pin[_-]?block|track[_-]?(?:[12]|data)|security[_-]?code)[\\\\\\x04]*["'']?\\s*[:=]\\s*|[?&]token=)(?:(")(?:[^"\\\\\\x00]|\\\\[^\\x00])*|(''){1}[^''\\x00]*|([\\\\\\x04]+"?)[^\\\\"\\x00\\x04]*|[^\\s"''&,;<>(){}\\[\\]\\\\\\x00\\x04]+)', '\\1\\2\\3\\4<secret>'),
  '(?i)\\b(Bearer|Basic)\\s+[A-Za-z0-9._~+/=-]{6,}', '\\1 <token>'),
  '\\b(?:[spr]k_(?:live|test)_[A-Za-z0-9]{8,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\\w{20,}|glpat-[\\w-]{20,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\\w-]{35}|xox[abeprs]-[A-Za-z0-9-]{10,}|npm_[A-Za-z0-9]{36}|sl_[a-z]+_[A-Za-z0-9]{6,}|eyJ[\\w-]{5,}\\.[\\w-]{5,}\\.[\\w-]*)', '<token>');
CREATE OR REPLACE FUNCTION scrub_email AS b -> replaceRegexpAll(b, '[A-Za-z0-9._%+-]+(?:''[A-Za-z0-9._%+-]+)*@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)*\\.[A-Za-z]{2,}', '<email>');

-- Addresses: IPv4 with octets in range, but for those that end in .0.0.0, which no machine has and every version of Chrome is (142.0.0.0); IPv6 in full, or shortened of the ranges in use (2000::/3, fc00::/7, fe80::/10).
CREATE OR REPLACE FUNCTION scrub_ip AS b -> replaceRegexpAll(replaceRegexpAll(b,
  '\\b(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)\\.(?:(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]\\d?)\\.(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)\\.(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)|0\\.(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]\\d?)\\.(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)|0\\.0\\.(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]\\d?))\\b', '<ip>'),
  '(?i)\\b(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[23][0-9a-f]{3}|fe80|f[cd][0-9a-f]{2}):(?:[0-9a-f]{1,4}:){0,5}:(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,5})?)', '<ip>');

-- Whether `scrub` could change a text: a part of each of its rules, in one pass (a third of the rules' price). Where a rule
-- changes, this has to.
CREATE OR REPLACE FUNCTION may_hide AS b -> match(b, '(?i)@|passw(?:or)?d|pwd|passphrase|secret|api[_-]?key|(?:access|refresh|auth|session|csrf|xsrf|bearer)[_-]?token|[?&]token=|cv[vc]|(?:\\b|_|card|user)pin\\W|pin[_-]?block|track[_-]?(?:[12]|data)|security[_-]?code|(?:bearer|basic)\\s|[spr]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|(?:AKIA|ASIA)[0-9A-Z]{4}|AIza|xox[abeprs]-|npm_|sl_|eyJ|\\d\\.\\d{1,3}\\.\\d|::|(?:[0-9a-f]{1,4}:){4}|[2-6]\\d{12}|\\d{4}[ -]\\d{4}[ -]\\d{4}|3[47]\\d{2}[ -]\\d{6}');

-- The whole scrub of a text, for the texts that may need it. `if` would not do: the engine works out both of its branches for
-- every row where they hold lambdas. A function over an array sees the array's elements only, and most arrays here are empty.
CREATE OR REPLACE FUNCTION scrub_each AS texts -> arrayMap(x -> scrub_pan(x), arrayMap(x -> scrub_ip(scrub_email(scrub_secrets(x))), texts));
CREATE OR REPLACE FUNCTION scrub AS b -> arrayMap(x -> arrayConcat(scrub_each(arrayFilter(y -> may_hide(y), [x])), [x])[1], [b])[1];

-- A JSON text scrubbed so that it stays JSON: its escapes are put aside first, or the n of \\n would be read as part of a word.
CREATE OR REPLACE FUNCTION scrub_json AS b -> replaceAll(replaceAll(replaceAll(replaceAll(replaceAll(scrub(
  replaceAll(replaceAll(replaceAll(replaceAll(replaceAll(b, '\\\\', '\x05'), '\\n', '\x01'), '\\t', '\x02'), '\\r', '\x03'), '\\"', '\x04')),
  '\x04', '\\"'), '\x03', '\\r'), '\x02', '\\t'), '\x01', '\\n'), '\x05', '\\\\');

-- A JSON text in parts, of which only those that may hide something are scrubbed: a whole error event costs nine passes, its one
-- line with an address a hundredth of that.
CREATE OR REPLACE FUNCTION scrub_json_parts AS parts -> arrayStringConcat(arrayMap(part -> arrayConcat(arrayMap(x -> scrub_json(x), arrayFilter(y -> may_hide(y), [part])), [part])[1], parts));

-- Several texts scrubbed as one, because a call costs more than a byte; `glue` and `unglue` are their seams.
CREATE OR REPLACE FUNCTION glue AS texts -> arrayStringConcat(texts, '\0\x1F\0');
CREATE OR REPLACE FUNCTION unglue AS text -> splitByString('\0\x1F\0', text);

-- Values under a name that says secret are removed whatever they look like.
CREATE OR REPLACE FUNCTION name_secrets AS keys -> multiSearchAnyCaseInsensitive(arrayStringConcat(keys, ','), ['password', 'passwd', 'secret', 'authorization', 'cookie', 'api_key', 'apikey', 'api-key', 'token', 'credential', 'private_key', 'private-key', 'privatekey', 'passphrase', 'pwd', 'cvv', 'cvc', 'pin', 'track', 'security']);
CREATE OR REPLACE FUNCTION hide_each AS (keys, vals) -> arrayMap((k, v) -> if(v != '' AND match(k, '(?i)(?:passw(?:or)?d|passphrase|pwd|secret|authorization|cookie|api[_-]?key|(?:access|refresh|auth|session|csrf|xsrf|bearer)[_.-]?token|credential|private[_-]?key|cv[vc]2?|(?:^|[_.-]|card|user)pin|pin[_.-]?block|track[_.-]?(?:[12]|data)|security[_.-]?code)(?:s|[_.-](?:key|value|hash|id))?$|^token$'), '<secret>', v), keys, vals);
CREATE OR REPLACE FUNCTION hide_secrets AS (keys, vals) -> arrayMap((ks, vs, named) -> arrayConcat(hide_each(if(named, ks, []), if(named, vs, [])), if(named, [], vs)), [keys], [vals], [name_secrets(keys)])[1];

-- A map whose values are scrubbed.
CREATE OR REPLACE FUNCTION scrub_map AS m -> mapFromArrays(mapKeys(m), arrayResize(hide_secrets(mapKeys(m), unglue(scrub(glue(mapValues(m))))), length(mapKeys(m))));

-- Identifiers, times, choices.
CREATE OR REPLACE FUNCTION first_of AS (a, b, c) -> if(a != '', a, if(b != '', b, c));
CREATE OR REPLACE FUNCTION fix16 AS x -> toFixedString(if(length(x) = 16, x, ''), 16);
CREATE OR REPLACE FUNCTION fix8 AS x -> toFixedString(if(length(x) = 8, x, ''), 8);
CREATE OR REPLACE FUNCTION nano AS x -> fromUnixTimestamp64Nano(toInt64(least(x, 9223372036854775807)));
-- When a log was received, to the millisecond; the digits below tell the order in which logs came: many of one sender share their own time. A segment is loaded by
-- one thread as one block (exactlyOnceSettings), so that its rows are numbered as they came.
CREATE OR REPLACE FUNCTION arrival AS x -> nano(intDiv(x, 1000000) * 1000000 + rowNumberInAllBlocks() % 1000000);
-- What an attribute's name says about where a record comes from: 1 site, 2 device, 3 host, 4 environment, 5 service, 6 release, 7 correlation, 8 correlation
-- as single records name it, 0 nothing of the kind. One pass over the names instead of one for each question.
CREATE OR REPLACE FUNCTION kinds_of AS keys -> arrayMap(k -> transform(k,
  ['store.id', 'site.id', 'sightline.site', 'device.id', 'terminal.id', 'host.name', 'deployment.environment.name', 'deployment.environment', 'service.name', 'service.version',
    'correlation.id', 'correlation_id', 'correlationId', 'x-correlation-id', 'http.request.header.x-correlation-id'],
  [1, 1, 1, 2, 2, 3, 4, 4, 5, 6, 7, 7, 8, 8, 8], 0), keys);
CREATE OR REPLACE FUNCTION of_kind AS (kind, kinds, vals) -> vals[indexOf(kinds, kind)];
CREATE OR REPLACE FUNCTION severity_of AS (number, word) -> toUInt8(if(number > 0, least(number, 24), transform(lower(trimBoth(word)),
  ['trace', 'verbose', 'silly', 'debug', 'info', 'information', 'informational', 'log', 'http', 'notice', 'warn', 'warning', 'error', 'err', 'severe', 'critical', 'crit', 'fatal', 'alert', 'emerg', 'emergency', 'panic'],
  [1, 1, 1, 5, 9, 9, 9, 9, 9, 10, 13, 13, 17, 17, 17, 21, 21, 21, 22, 23, 23, 23], 0)));

-- OTLP's AnyValue, handed over as bytes, as text. Lists and key-value lists were made text by the check at the door.
CREATE OR REPLACE FUNCTION otlp_payload AS v -> substring(v, multiIf(length(v) <= 129, 3, length(v) <= 16386, 4, length(v) <= 2097155, 5, 6));
-- The lambda over an integer's bytes would be worked out for every value, whatever its kind: for others its range is empty.
CREATE OR REPLACE FUNCTION otlp_int AS v -> reinterpretAsInt64(arraySum(i -> bitShiftLeft(toUInt64(bitAnd(reinterpretAsUInt8(substring(v, i + 2, 1)), 127)), 7 * i), range(if(startsWith(v, '\x18'), least(length(v) - 1, 10), 0))));
CREATE OR REPLACE FUNCTION otlp_text AS v -> multiIf(startsWith(v, '\n'), otlp_payload(v), v = '', '', startsWith(v, '\x18'), toString(otlp_int(v)), startsWith(v, '!'), toString(reinterpretAsFloat64(substring(v, 2, 8))), startsWith(v, '\x10'), if(endsWith(v, '\0'), 'false', 'true'), startsWith(v, ':'), concat('base64:', base64Encode(otlp_payload(v))), '');
CREATE OR REPLACE FUNCTION otlp_values AS a -> arrayMap(v -> otlp_text(v), tupleElement(a, 'value'));
CREATE OR REPLACE FUNCTION otlp_scrubbed AS a -> hide_secrets(tupleElement(a, 'key'), arrayResize(unglue(scrub(toValidUTF8(glue(otlp_values(a))))), length(tupleElement(a, 'key'))));
CREATE OR REPLACE FUNCTION otlp_map AS a -> mapFromArrays(tupleElement(a, 'key'), otlp_scrubbed(a));
