import { remembered } from '../../remembered.ts';

const anonymous = new Set([
  '',
  '?',
  '<anonymous>',
  'anonymous',
  '(anonymous)',
  '<unknown>',
  'unknown',
  '<redacted>',
  'eval',
  '<eval>',
  '<lambda>',
  '<listcomp>',
  '<dictcomp>',
  '<setcomp>',
  '<genexpr>',
  '<module>',
  '<global>',
  'global code',
  'module code',
  'eval code',
  'main.<anonymous>',
]);

/** Names that a browser, an engine or a compiler puts before the name that a person wrote. */
const owners =
  /^(?:Object|Module|Function|exports|module\.exports|Proxy|Promise|Context|Generator|AsyncGenerator|process|window|global|globalThis|self|Array|HTML\w*Element|Window|EventTarget)\./;

/** A Java or C# member of a generated class: `$$Lambda$14/0x0008`, `$Proxy12`, `$$EnhancerBySpringCGLIB$$1a2b3c`. */
const generatedClass =
  /\$\$(?:Lambda|EnhancerBy\w+|FastClassBy\w+|_javassist_\w+|_Weld\w+|HibernateProxy)\$*[\w$/]*(?=\.|$)|\$Proxy\d+/g;

/**
 * A function's name as it stays from build to build: without what engines, compilers and call sites add (`async`, `[as x]`,
 * closures, arguments, template parameters, hashes, state machines). '' for a function without a name.
 */
export const functionName = remembered((raw): string => {
  if (anonymous.has(raw)) return '';
  if (/^[\w.$]+$/.test(raw) && !raw.includes('$') && !owners.test(raw)) return address(raw);
  let name = raw
    .replace(/\s*\[as [^\]]*\]\s*$/, '')
    .replace(/^(?:async\*? |new |get |set |static |bound )+/, '')
    // Rust: a hash of the build, and closures.
    .replace(/::h[0-9a-f]{16}$/, '')
    .replace(/(?:::)?\{\{(?:closure|impl|constructor|vtable\.shim)[^}]*\}\}(?:::)?/g, '::')
    // C#: state machines and closures: `<Pay>d__12.MoveNext`, `<>c.<Pay>b__3_1`, `<Pay>g__Local|2_0`.
    .replace(/^(?:.*[.+])?<([\w.]+)>[dbg]__[\w|]*(?:\.MoveNext(?:\(\))?)?$/, '$1')
    // Swift, Kotlin, Python, Go.
    .replace(/^(?:(?:implicit )?closure #\d+ (?:\([^)]*\) )?in )+/, '')
    .replace(/^(?:partial apply for|thunk for|specialized|merged|protocol witness for|@objc) /g, '')
    .replace(/\.<locals>(?:\.<lambda>)?/g, '')
    .replace(/\.func\d+(?:\.\d+)*$/, '')
    .replace(/\$\d+\.invokeSuspend$/, '')
    .replace(/^(?:.*\$)?lambda\$(\w+)\$\d+$/, '$1')
    .replace(/^__\d+[+-]\[(.+)\]_block_invoke(?:_\d+)?$/, '$1')
    .replace(/_block_invoke(?:_\d+)?$/, '')
    .replace(generatedClass, '')
    .replace(owners, '');
  // C++ and Java: arguments and template parameters differ by compiler; return types come with some of them.
  name = withoutBrackets(withoutBrackets(name, '(', ')'), '<', '>')
    .replace(/\s+(?:const|volatile|noexcept|override)$/g, '')
    .replace(/^.*\s(?=[\w:~.$]+$)/, '')
    .replace(/(?:\.|\/)(?=$)/, '')
    .replace(/\/$/g, '')
    .replace(/\$\d+(?=$|\.)/g, '')
    .replace(/:{4,}/g, '::')
    .replace(/::$/, '')
    .trim();
  return anonymous.has(name) ? '' : address(name);
});

/** `0x7ffa12`, `sub_4F2A`, `_0x3fa2` and bare numbers are places of one build, or of an obfuscator. */
function address(name: string): string {
  if (/^(?:0x[0-9a-f]+|(?:sub|loc|fun|unk|_?0x)_?[0-9a-f]{3,}|_0x[0-9a-f]+|\d+|<?redacted>?)$/i.test(name)) return '';
  // Ruby's compiled templates and Clojure's functions carry numbers of one process.
  return name.replace(/__\d{6,}_\d+$|(?<=fn)__\d+$/, '').slice(0, 200);
}

/** The text without balanced brackets and what stands in them; operators such as `operator<` and `->` stay. */
function withoutBrackets(text: string, open: string, close: string): string {
  if (!text.includes(open) || /operator[<>(]/.test(text)) return text;
  let depth = 0;
  let out = '';
  for (const character of text) {
    if (character === open) depth++;
    else if (character === close && depth > 0) depth--;
    else if (depth === 0) out += character;
  }
  return depth === 0 ? out : text;
}
