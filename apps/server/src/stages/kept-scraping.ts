import { BackgroundLoop, type Clock, type Logger } from '@sightline/base';
import type { Control } from '@sightline/control';
import { readConfigText, Scraping } from '@sightline/scrape';

export interface KeptScrapingParts {
  readonly configurations: Pick<Control['scrapeConfigurations'], 'find' | 'listAll'>;
  /** One server of several scrapes for an organisation. */
  readonly leases: Pick<Control['detect']['leases'], 'hold' | 'release'>;
  readonly holder: string;
  /** How an organisation is scraped. */
  readonly scraperOf: (organisation: string) => ConstructorParameters<typeof Scraping>[0];
  readonly clock: Clock;
  readonly logger: Logger;
}

const lookEveryMs = 3000;
/** How long another server waits before it goes on for one that is gone. */
const leaseMs = 20_000;
const leaseName = (organisation: string): string => `scraping ${organisation}`;

interface Kept {
  readonly scraping: Scraping;
  digest: string;
}

/** Scrapes what organisations put through the API, each for itself, and follows what they change. */
export class KeptScraping {
  readonly #parts: KeptScrapingParts;
  readonly #kept = new Map<string, Kept>();
  readonly #loop: BackgroundLoop;
  #failing = false;

  constructor(parts: KeptScrapingParts) {
    this.#parts = parts;
    const { clock, logger } = parts;
    this.#loop = new BackgroundLoop({
      clock,
      logger,
      everyMs: lookEveryMs,
      round: async () => {
        await this.look();
        this.#failing = false;
      },
      fault: (error) => {
        // The control plane may be away for a moment: what was in force stays.
        if (!this.#failing) logger.warn('scrape configurations cannot be read at the moment', { error });
        this.#failing = true;
      },
    });
  }

  start(): void {
    this.#loop.start();
  }

  of(organisation: string): Scraping | undefined {
    return this.#kept.get(organisation)?.scraping;
  }

  async close(): Promise<void> {
    await this.#loop.close();
    const organisations = [...this.#kept.keys()];
    await Promise.all([...this.#kept.values()].map(({ scraping }) => scraping.close()));
    this.#kept.clear();
    if (organisations.length > 0)
      await this.#parts.leases.release(this.#parts.holder, organisations.map(leaseName)).catch(() => undefined);
  }

  /** Takes up what changed. */
  async look(): Promise<void> {
    const { configurations, leases, holder } = this.#parts;
    const wanted = new Map((await configurations.listAll()).map(({ organisation, digest }) => [organisation, digest]));
    const held = wanted.size === 0 ? [] : await leases.hold(holder, [...wanted.keys()].map(leaseName), leaseMs);
    const mine = new Set(held.map(({ name }) => name));
    for (const [organisation, kept] of this.#kept) {
      if (!wanted.has(organisation)) await this.#end(organisation, kept);
      else if (!mine.has(leaseName(organisation))) {
        // Another server goes on with the series.
        this.#kept.delete(organisation);
        await kept.scraping.close();
      }
    }
    for (const [organisation, digest] of wanted)
      if (mine.has(leaseName(organisation)) && !this.#loop.signal.aborted) await this.#follow(organisation, digest);
  }

  async #follow(organisation: string, digest: string): Promise<void> {
    const { configurations, scraperOf, logger } = this.#parts;
    let kept = this.#kept.get(organisation);
    if (kept?.digest === digest) return;
    const found = await configurations.find(organisation);
    const read = found && readConfigText(found.content, undefined);
    if (!kept) this.#kept.set(organisation, (kept = { scraping: new Scraping(scraperOf(organisation)), digest: '' }));
    kept.digest = digest;
    if (read?.ok) {
      await kept.scraping.configure(read.value);
      logger.info('a scrape configuration is in force', { organisation, jobs: read.value.jobs.length });
    } else if (read) logger.error('scraping goes on as before', { organisation, why: read.error });
  }

  /** What was removed is scraped no more, and its series end. */
  async #end(organisation: string, { scraping }: Kept): Promise<void> {
    this.#kept.delete(organisation);
    await scraping.end();
    await this.#parts.leases.release(this.#parts.holder, [leaseName(organisation)]);
  }
}
