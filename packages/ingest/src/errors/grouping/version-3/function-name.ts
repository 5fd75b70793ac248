import { remembered } from '../../remembered.ts';
import { functionName as plainName } from '../version-2/function-name.ts';

/** A name as browsers disagree about it: Chrome says `Till.pay`, Edge said `Till.prototype.pay`, Firefox and Safari `pay`. */
const browserName = remembered((raw): string => {
  if (raw === 'Anonymous function' || raw.endsWith('<')) return '';
  const name = stableName(raw);
  return /^[\w$#.]+$/.test(name) ? (name.split('.').at(-1) ?? name) : name;
});

/** As version 2, and without the marks that compilers of C++ give to lambdas, unnamed namespaces and parts of functions in each build. */
const stableName = remembered((raw): string => {
  if (!/lambda|namespace|\?A0x|\.\d+$/.test(raw)) return plainName(raw);
  const name = raw
    .replace(/(?:\.(?:cold|part|isra|constprop|llvm)(?:\.\d+)?)+$/, '')
    .replace(/(?:::)?(?:<lambda_[0-9a-f]+>|\{lambda[^}]*\})(?:::operator\(\))?.*$/, '')
    .replace(/(?:\?A0x[0-9a-f]+|`anonymous namespace'|`anonymous-namespace'|\(anonymous namespace\))::/g, '');
  return name === '' ? '' : plainName(name);
});

/** A function's name as it stays from build to build and, on pages, from browser to browser. '' for one without a name. */
export function functionName(raw: string, inBrowser: boolean): string {
  return inBrowser ? browserName(raw) : stableName(raw);
}
