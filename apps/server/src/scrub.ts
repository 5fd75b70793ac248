/**
 * `npm run scrub`: scrubs what a server stores by the rules that hold now, from the command line. It asks the server, signed in as an
 * administrator. Exit code 0 when all was done, 1 when it ended before, 2 when nothing was begun.
 */
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { wrongDayOf } from './archive-options.ts';
import { say, stopWith } from './say.ts';

const help = `
  npm run scrub -- preview --from <day> --through <day> --email <address> [--url <server>]
  npm run scrub -- run     --from <day> --through <day> --email <address> [--url <server>]
  npm run scrub -- list | stop <id> | resume <id>       --email <address> [--url <server>]

  preview           Counts by detector, service and site what the rules that hold now would remove of what is stored, and
                    shows examples as they become. Nothing is changed.
  run               Removes it. It cannot be brought back.
  list, stop, resume  Runs of late; ends one after the batch that is under way; lets it go on where it stood.

  --from, --through Days of the records' own times (UTC), both included: 2026-10-01.
  --email <address> Whose session: an administrator's. The password comes from SIGHTLINE_PASSWORD, else from standard input.
  --url <server>    http://localhost:4600 unless told.
  --no-wait         Begins it and ends; the server goes on.

  A run that is cut off with Ctrl-C goes on in the server; "stop" ends it. Ends with 0 when all was done, 1 when it ended before, 2
  when nothing was begun.
`;

interface Backfill {
  readonly id: string;
  readonly kind: 'preview' | 'run';
  readonly fromDay: string;
  readonly toDay: string;
  readonly state: string;
  readonly requestedBy: string;
  readonly detail: string;
  readonly rowsAll: number;
  readonly rowsSeen: number;
  readonly rowsChanged: number;
  readonly rowsHeld: number;
  readonly counts: readonly { signal: string; rule: string; service: string; site: string; removed: number }[];
  readonly examples: readonly { signal: string; rule: string; text: string }[];
  readonly stays: readonly { what: string; n: number }[];
  readonly archivedDays: readonly { day: string; rows: number }[];
}

const path = '/api/v1/personal-data/backfills';
const callTimeoutMs = 30_000;
const lookEveryMs = 1000;

class Server {
  readonly #url: string;
  #headers: Record<string, string> = {};

  constructor(url: string) {
    this.#url = url.replace(/\/+$/, '');
  }

  async signIn(email: string, password: string): Promise<void> {
    const reply = await this.#fetch('POST', '/api/v1/session', { email, password });
    const { csrfToken } = (await reply.json()) as { csrfToken: string };
    const cookie = reply.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ');
    this.#headers = { cookie, 'x-csrf-token': csrfToken };
  }

  async ask<Reply>(method: 'GET' | 'POST', address: string, body?: unknown): Promise<Reply> {
    return (await (await this.#fetch(method, address, body)).json()) as Reply;
  }

  async #fetch(method: string, address: string, body?: unknown): Promise<Response> {
    const reply = await fetch(`${this.#url}${address}`, {
      method,
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(callTimeoutMs),
    }).catch((error: unknown) => {
      const why =
        error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error);
      throw new Error(`No server answers at ${this.#url}: ${why}. --url names another.`);
    });
    if (reply.ok) return reply;
    const problem = (await reply.json().catch(() => ({}))) as { title?: string; detail?: string; fields?: unknown };
    const fields = problem.fields ? ` ${JSON.stringify(problem.fields)}` : '';
    throw new Error(`${problem.title ?? `The server answered ${reply.status}`}. ${problem.detail ?? ''}${fields}`);
  }
}

async function passwordOf(): Promise<string> {
  const given = process.env['SIGHTLINE_PASSWORD'];
  if (given !== undefined && given !== '') return given;
  let text = '';
  for await (const piece of process.stdin.setEncoding('utf8')) {
    text += String(piece);
    if (text.includes('\n') || text.length > 1000) break;
  }
  return text.split(/\r?\n/)[0] ?? '';
}

const line = ({ id, kind, fromDay, toDay, state, rowsSeen, rowsAll, rowsChanged, detail }: Backfill): string =>
  `${id}  ${kind} of ${fromDay} to ${toDay}: ${state}, ${rowsSeen} of ${Math.max(rowsAll, rowsSeen)} rows looked at, ${rowsChanged} ${kind === 'run' ? 'changed' : 'would change'}${detail === '' ? '' : `. ${detail}`}`;

function report(done: Backfill): void {
  say(line(done));
  for (const { removed, rule, signal, service, site } of done.counts)
    say(`${String(removed).padStart(10)}  ${rule} in ${signal}, ${service || 'no service'}, ${site || 'no site'}`);
  for (const { rule, text } of done.examples) say(`    ${rule}: ${text.replaceAll(/\s+/g, ' ')}`);
  if (done.rowsHeld > 0) say(`${done.rowsHeld} rows stay as they are because of a legal hold.`);
  for (const { what, n } of done.stays) say(`Not rewritten: ${n} ${what}.`);
  for (const { day, rows } of done.archivedDays)
    say(`The archive's files of ${day} still hold ${rows} of these logs as they were: they are sealed.`);
}

async function follow(server: Server, id: string): Promise<void> {
  for (let said = ''; ;) {
    const { backfills } = await server.ask<{ backfills: Backfill[] }>('GET', path);
    const run = backfills.find((one) => one.id === id);
    if (!run) throw new Error(`${id} is not among the server's runs any more.`);
    if (run.state !== 'waiting' && run.state !== 'running') {
      report(run);
      process.exitCode = run.state === 'done' ? 0 : 1;
      return;
    }
    if (line(run) !== said) say((said = line(run)));
    await setTimeout(lookEveryMs);
  }
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      from: { type: 'string', default: '' },
      through: { type: 'string', default: '' },
      email: { type: 'string', default: '' },
      url: { type: 'string', default: 'http://localhost:4600' },
      'no-wait': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [command = '', id = '', more] = positionals;
  const begins = command === 'preview' || command === 'run';
  const takesId = command === 'stop' || command === 'resume';
  if (values.help) say(help);
  else if ((!begins && !takesId && command !== 'list') || more !== undefined || (id !== '') !== takesId)
    stopWith(`Say what to do.\n${help}`);
  else {
    const { from, through, email } = values;
    if (begins && (from === '' || through === ''))
      stopWith('Which days? --from and --through name the first and the last.');
    const wrongDay = wrongDayOf(from, through);
    if (wrongDay !== undefined) stopWith(wrongDay);
    if (email === '') stopWith('Who asks? --email names an administrator.');
    const server = new Server(values.url);
    await server.signIn(email, await passwordOf());
    if (command === 'list')
      for (const one of (await server.ask<{ backfills: Backfill[] }>('GET', path)).backfills) say(line(one));
    else {
      const begun = begins
        ? await server.ask<Backfill>('POST', path, { kind: command, fromDay: from, toDay: through })
        : await server.ask<Backfill>('POST', `${path}/${encodeURIComponent(id)}/${command}`);
      if (command === 'stop')
        say(`${line(begun)}${begun.state === 'running' ? '. It ends after the batch that is under way.' : ''}`);
      else if (values['no-wait']) say(line(begun));
      else await follow(server, begun.id);
    }
  }
} catch (error) {
  stopWith((error as Error).message);
}
