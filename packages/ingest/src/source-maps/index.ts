export {
  openSourceMaps,
  type FileContents,
  type FrameFate,
  type SourceMaps,
  type UploadedFile,
  type UploadedFiles,
} from './source-maps.ts';
export { culpritOf } from '../errors/culprit-of.ts';
export { plainDebugId, symbolicateStored } from './symbolicate-event.ts';
