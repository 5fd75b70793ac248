import type { Clock, Logger } from '@sightline/base';
import type { Control } from '@sightline/control';
import { parseRuleFile } from './parse-rule-file.ts';
import { readRuleFolder, type FileOnDisk } from './read-folder.ts';
import type { RuleGroup } from './rule-file.ts';

const folderEveryMs = 30_000;
const listEveryMs = 3000;

interface BookFile {
  readonly organisation: string;
  readonly name: string;
  readonly digest: string;
  readonly groups: readonly RuleGroup[];
}

export interface RuleFilesBookParts {
  readonly control: Pick<Control, 'ruleFiles' | 'organisations'>;
  /** A folder or globs, joined by commas; '' for none. Its files belong to the organisation that was set up first. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** All rule files of an installation in memory, read again when they change. A file that cannot be read keeps its last good content. */
export class RuleFilesBook {
  readonly #parts: RuleFilesBookParts;
  readonly #files = new Map<string, BookFile>();
  /** What was wrong with a file at a digest: said once. */
  readonly #said = new Map<string, string>();
  #disk = new Map<string, FileOnDisk>();
  #folderAtMs = -Infinity;
  #listAtMs = -Infinity;
  #version = 0;

  constructor(parts: RuleFilesBookParts) {
    this.#parts = parts;
  }

  /** Moves with every change. */
  get version(): number {
    return this.#version;
  }

  files(): Iterable<BookFile> {
    return this.#files.values();
  }

  /** The folder is looked at with the next refresh. */
  reload(): void {
    this.#folderAtMs = -Infinity;
  }

  async refresh(): Promise<void> {
    const nowMs = this.#parts.clock.now();
    if (this.#parts.folder !== '' && nowMs - this.#folderAtMs >= folderEveryMs) {
      this.#folderAtMs = nowMs;
      await this.#readFolder();
    }
    if (nowMs - this.#listAtMs >= listEveryMs) {
      this.#listAtMs = nowMs;
      await this.#readList();
    }
  }

  async #readFolder(): Promise<void> {
    const { folder, control, logger } = this.#parts;
    const organisation = (await control.organisations.first())?.id;
    if (organisation === undefined) {
      this.#folderAtMs = -Infinity;
      return;
    }
    const { files, faults } = await readRuleFolder(folder, this.#disk);
    for (const fault of faults)
      this.#say('folder', fault, () => logger.warn('A rule file is left out', { reason: fault }));
    this.#disk = new Map(files.map((file) => [file.name, file]));
    const names = new Set<string>();
    for (const { name, digest, content } of files) {
      names.add(`disk ${name}`);
      this.#take(`disk ${name}`, { organisation, name, digest }, content);
    }
    this.#drop((key) => key.startsWith('disk ') && !names.has(key));
  }

  async #readList(): Promise<void> {
    const { ruleFiles } = this.#parts.control;
    const names = new Set<string>();
    for (const { organisation, name, digest } of await ruleFiles.listAll()) {
      const key = `api ${organisation} ${name}`;
      names.add(key);
      if (this.#files.get(key)?.digest === digest) continue;
      const file = await ruleFiles.find(organisation, name);
      if (file !== undefined) this.#take(key, file, file.content);
    }
    this.#drop((key) => key.startsWith('api ') && !names.has(key));
  }

  #take(key: string, file: Omit<BookFile, 'groups'>, content: string): void {
    const { organisation, name, digest } = file;
    if (this.#files.get(key)?.digest === digest) return;
    const groups = parseRuleFile(content);
    if (!groups.ok) {
      const reason = groups.error.join('; ');
      this.#say(key, digest, () => this.#parts.logger.error('A rule file cannot be used', { file: name, reason }));
      return;
    }
    this.#files.set(key, { organisation, name, digest, groups: groups.value });
    this.#version++;
    this.#parts.logger.info('A rule file was read', { file: name, groups: groups.value.length });
  }

  #drop(gone: (key: string) => boolean): void {
    for (const key of this.#files.keys())
      if (gone(key)) {
        this.#files.delete(key);
        this.#version++;
      }
  }

  #say(key: string, what: string, say: () => void): void {
    if (this.#said.get(key) === what) return;
    this.#said.set(key, what);
    say();
  }
}
