import type { ErrorFrame } from '@sightline/record';
import { remembered } from '../../remembered.ts';

const runtime =
  /^(?:node:|internal\/|native |<anonymous>|\[native|webpack\/(?:bootstrap|runtime)|java\.lang\.reflect|jdk\.internal|sun\.reflect)/;
const runtimeModule =
  /^(?:sun\.reflect\.|jdk\.internal\.|java\.lang\.reflect\.|java\.lang\.Thread$|System\.Runtime\.|System\.Threading\.|kotlinx?\.coroutines\.|asyncio\.|concurrent\.futures\.)/;

/** Functions that compilers put around asynchronous and generated code. They stand in any stack and tell nothing. */
const wrapper =
  /^(?:__awaiter|__generator|step|fulfilled|rejected|asyncGeneratorStep|_?asyncToGenerator|_next|_throw|tryCatch|_invoke|invoke|regeneratorRuntime\.\w+|__webpack_require__|__webpack_exec__|__turbopack_\w+__|__async|__tslib_\w+|processTicksAndRejections|runMicrotasks|_regenerator\w*|_callee\d*\$?|ExceptionDispatchInfo\.Throw|HandleNonSuccessAndDebuggerNotification|ThrowForNonSuccess|poll|call_once)$/;
const wrapperFiles =
  /(?:^|[/\\])(?:tslib|regenerator-runtime|@babel[/\\]runtime|core-js(?:-pure)?|zone\.js|@swc[/\\]helpers|asyncToGenerator|_async_to_generator)(?:[/\\.]|$)/;

/** Libraries and frameworks, which some SDKs and bundlers declare to be the application's own. */
const libraries =
  /(?:^|[/\\])(?:node_modules|bower_components|jspm_packages|site-packages|dist-packages|vendor[/\\](?:bundle|cache|github\.com|composer)|gems|go[/\\]pkg[/\\]mod|\.cargo[/\\]registry|rustc)[/\\]|(?:^|[/\\])(?:react(?:-dom|-router)?|vue|angular|jquery|lodash|zone|scheduler|framework|polyfills?|vendors?|runtime)(?:[-.~][\w.-]*)?\.js|next[/\\]dist[/\\]|[/\\]\.pnpm[/\\]|unpkg\.com|cdn\.jsdelivr\.net|cdnjs\.cloudflare\.com|gstatic\.com|googletagmanager\.com|^(?:chrome|moz|safari-web)-extension:|\(ecmascript, runtime\)|[/\\]\.deno[/\\]|\.pub-cache|package:(?:flutter|sentry|sentry_flutter)[/\\]|^dart:/i;
const libraryModules =
  /^(?:java\.|javax\.|jakarta\.|sun\.|com\.sun\.|jdk\.|kotlin\.|scala\.|org\.springframework\.|org\.apache\.|org\.hibernate\.|io\.netty\.|io\.sentry\.|System\.|Microsoft\.|Sentry\.|django\.|flask\.|celery\.|sqlalchemy\.|sentry_sdk\.|net\.sf\.cglib\.|javassist\.)/;

/** What the file alone says. */
export const fileTraits = remembered((file) => ({
  runtime: runtime.test(file),
  wrapper: wrapperFiles.test(file),
  library: libraries.test(file),
}));

export const isRuntimeModule = (module: string): boolean => runtimeModule.test(module);
export const isLibraryModule = (module: string): boolean => libraryModules.test(module);
export const isWrapperFile = (file: string): boolean => wrapperFiles.test(file);
export const isWrapperName = (name: string): boolean => wrapper.test(name);

export type FrameKind = 'application' | 'library' | 'runtime' | 'wrapper';

/** Whose code a frame is. What the client said of its frames is believed, but for libraries that are well known. */
export function frameKind(frame: ErrorFrame, name: string): FrameKind {
  const file = fileTraits(frame.file);
  if (file.runtime || isRuntimeModule(frame.module)) return 'runtime';
  if (frame.file === '' && frame.module === '' && frame.function === '') return 'runtime';
  if (file.wrapper || wrapperFiles.test(frame.module) || (wrapper.test(name) && !named(frame))) return 'wrapper';
  if (!frame.inApp || file.library) return 'library';
  return frame.module !== '' && libraryModules.test(frame.module) && !/\.(?:m|c)?[jt]sx?$/.test(frame.file)
    ? 'library'
    : 'application';
}

/** A person may well write a function `step`: with its source line known to be no compiler's, it is theirs. */
function named(frame: ErrorFrame): boolean {
  return /^\w+\.tsx?$|\.(?:py|rb|go|rs|java|kt|cs|php)$/.test(frame.file.split(/[/\\]/).at(-1) ?? '');
}
