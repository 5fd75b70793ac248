import type { ErrorFrame } from '@sightline/record';
import { remembered } from '../../remembered.ts';
import {
  fileTraits,
  isLibraryModule,
  isRuntimeModule,
  isWrapperFile,
  isWrapperName,
} from '../version-2/classify-frame.ts';

/**
 * What a crash of native code runs through after it happened, and what runs before the first line of the program: they stand in any
 * such stack. Signals and aborts, exceptions on their way, panics, reports of the allocator; entry points and run loops.
 */
const nativeRuntime = remembered((name) =>
  [
    /^_{0,3}(?:abort(?:_message)?|raise|gsignal|kill|pthread_kill(?:_implementation)?|sigtramp|restore_rt|kernel_rt_sigreturn|GI_\w+|assert\w*)$/,
    /^_{0,2}(?:malloc_(?:v?report|printerr|zone_error)|fortify_\w+|stack_chk_fail|chk_fail)$/,
    /^(?:std::_{0,2}terminate|__cxxabiv1::|__cxa_(?:re)?throw|_?objc_(?:terminate|exception_(?:re)?throw)|__exceptionPreprocess|_CxxThrowException)/,
    /^(?:Rtl)?(?:RaiseException|RaiseStatus)|^(?:Ki|Ldrp|Rtlp?)\w*Exception\w*|UnhandledExceptionFilter/,
    /^_{0,3}rust_\w+$|^(?:std|core)::(?:panicking|panic|rt|sys_common|sys::backtrace|ops::function)::/,
    /^(?:_?start|_{0,2}libc_start\w*|_?pthread_(?:start|wqthread)|start_thread|thread_start|clone3?|__scrt_\w+|invoke_main|BaseThreadInitThunk|RtlUserThreadStart)$/,
    /^(?:UIApplicationMain|GSEventRunModal|_{0,2}CFRunLoop\w*|__CFRUNLOOP_\w+|_dispatch_\w+|-\[NSRunLoop\b.*)$/,
    /callee_(?:guaranteed|unowned)|^thunk for |^crashpad::/,
  ].some((shape) => shape.test(name)),
);

/** Standard libraries, whose templates are compiled into the program and are called its own therefore. */
const isStandardLibrary = remembered((name) =>
  [
    /^(?:std|__gnu_cxx|boost)::|^_ZNK?St/,
    /^<?(?:core::(?:option|result|slice|str|iter|ops|fmt|ptr|mem|cell|num|array|char)|alloc::(?:vec|string|boxed|sync|rc|collections|raw_vec|slice))::/,
  ].some((shape) => shape.test(name)),
);

/** Files of operating systems, which native clients name where there are no sources. */
const isSystemFile = remembered((file) =>
  [
    /^(?:\/usr\/lib|\/lib(?:32|64|x32)?\/|\/System\/|\/apex\/|\/system\/|\/vendor\/lib|\[vdso\]|linux-(?:vdso|gate)|[a-z]:\\windows\\)/i,
    /^lib(?:system_\w+|dispatch|objc\.A|dyld|c\+\+(?:abi)?[.\d]*|swift\w+)\.(?:dylib|so)$/,
    /^(?:UIKit(?:Core)?|AppKit|SwiftUI|QuartzCore|CoreFoundation|Foundation|GraphicsServices|CFNetwork)$/,
  ].some((shape) => shape.test(file)),
);

const moreLibraryModules =
  /^(?:android\.|androidx\.|com\.android\.|com\.google\.android\.|dalvik\.|io\.reactivex\.|reactor\.|okhttp3\.|retrofit2\.|com\.fasterxml\.|org\.eclipse\.|UnityEngine\.|(?:uvicorn|starlette|fastapi|gunicorn|werkzeug|aiohttp|multiprocessing|threading|logging|billiard)(?:\.|$))/;

/** `unclaimed`: the client calls it others' code, and nothing else shows that it is. */
export type FrameKind = 'application' | 'unclaimed' | 'library' | 'runtime' | 'wrapper';

/** What is known of a frame beside itself. */
export interface FrameFacts {
  /** Its function's name, '' where it has none. */
  readonly name: string;
  readonly native: boolean;
  /** True where a stack-trace rule said whose code it is. */
  readonly ruled: boolean;
}

/** Whose code a frame is. A rule's word is final; a client's is believed but for libraries that are well known. */
export function frameKind(frame: ErrorFrame, { name, native, ruled }: FrameFacts): FrameKind {
  if (ruled) return frame.inApp ? 'application' : 'library';
  const file = fileTraits(frame.file);
  if (file.runtime || isRuntimeModule(frame.module)) return 'runtime';
  if (native && nativeRuntime(frame.function)) return 'runtime';
  if (file.wrapper || isWrapperFile(frame.module) || (isWrapperName(name) && mayBeWrapper(frame))) return 'wrapper';
  if (file.library || (native && (isSystemFile(frame.file) || isStandardLibrary(frame.function)))) return 'library';
  if (
    frame.module !== '' &&
    !isScript(frame.file) &&
    (isLibraryModule(frame.module) || moreLibraryModules.test(frame.module))
  )
    return 'library';
  return frame.inApp ? 'application' : 'unclaimed';
}

const isScript = (file: string): boolean => /\.(?:m|c)?[jt]sx?$/.test(file);

/** A person may well write a function `step` or `invoke`: in their own sources, and in languages that name classes, it is theirs. */
function mayBeWrapper(frame: ErrorFrame): boolean {
  const file = frame.file.split(/[/\\]/).at(-1) ?? '';
  if (/^\w+\.tsx?$|\.(?:py|rb|go|rs|java|kt|cs|php|clj)$/.test(file)) return false;
  return file !== '' || !/^[A-Za-z_][\w-]*(?:\.[\w$-]+)+$/.test(frame.module);
}
