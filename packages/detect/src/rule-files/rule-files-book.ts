import { fail, ok, type Clock, type Logger, type Result } from '@sightline/base';
import type { Control } from '@sightline/control';
import { parseRuleFile } from './parse-rule-file.ts';
import { readRuleFolder, type FileOnDisk } from './read-folder.ts';
import type { RuleGroup } from './rule-file.ts';
import { ruleLanguageOf } from './rule-language.ts';

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
  #turn: Promise<unknown> = Promise.resolve();
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

  /**
   * Reads the folder now. The error says which files are wrong; of those, what was read before stays. Undefined without a folder or before there
   * is an organisation whose files they are.
   */
  async reload(): Promise<Result<{ readonly files: number; readonly groups: number }, string> | undefined> {
    if (this.#parts.folder === '') return undefined;
    const faults = await this.#inTurn(() => this.#readFolder(true));
    if (faults === undefined) return undefined;
    if (faults.length > 0) return fail(faults.join('; '));
    const onDisk = [...this.#files].filter(([key]) => key.startsWith('disk ')).map(([, file]) => file);
    return ok({ files: onDisk.length, groups: onDisk.reduce((sum, { groups }) => sum + groups.length, 0) });
  }

  async refresh(): Promise<void> {
    const nowMs = this.#parts.clock.now();
    if (this.#parts.folder !== '' && nowMs - this.#folderAtMs >= folderEveryMs) {
      this.#folderAtMs = nowMs;
      await this.#inTurn(() => this.#readFolder(false));
    }
    if (nowMs - this.#listAtMs >= listEveryMs) {
      this.#listAtMs = nowMs;
      await this.#readList();
    }
  }

  /** The folder is read by one at a time. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** Answers what is wrong, in sentences; undefined when it could not be looked at yet. */
  async #readFolder(anew: boolean): Promise<string[] | undefined> {
    const { folder, control, logger } = this.#parts;
    const organisation = (await control.organisations.first())?.id;
    if (organisation === undefined) {
      this.#folderAtMs = -Infinity;
      return undefined;
    }
    const { files, faults } = await readRuleFolder(folder, anew ? new Map() : this.#disk);
    const wrong = faults.map(({ why }) => why);
    for (const { name, why } of faults)
      this.#say(`disk ${name}`, why, () => logger.warn('A rule file cannot be read', { reason: why }));
    this.#disk = new Map(files.map((file) => [file.name, file]));
    const names = new Set(faults.map(({ name }) => `disk ${name}`));
    for (const { name, digest, content } of files) {
      names.add(`disk ${name}`);
      const fault = this.#take(`disk ${name}`, { organisation, name, digest }, content);
      if (fault !== '') wrong.push(`${name}: ${fault}`);
    }
    this.#drop((key) => key.startsWith('disk ') && !names.has(key));
    return wrong;
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

  /** Answers why the content cannot be used; '' when it is in force. */
  #take(key: string, file: Omit<BookFile, 'groups'>, content: string): string {
    const { organisation, name, digest } = file;
    if (this.#files.get(key)?.digest === digest) return '';
    const groups = parseRuleFile(content, ruleLanguageOf(name));
    if (!groups.ok) {
      const reason = groups.error.join('; ');
      this.#say(key, digest, () => this.#parts.logger.error('A rule file cannot be used', { file: name, reason }));
      return reason;
    }
    this.#files.set(key, { organisation, name, digest, groups: groups.value });
    this.#version++;
    this.#parts.logger.info('A rule file was read', { file: name, groups: groups.value.length });
    return '';
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
