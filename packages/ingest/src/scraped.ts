/** The protocol's name in the ledger for what we asked for ourselves. */
export const scrapeProtocol = 'prometheus-scrape';

/** The lane of an agent's spool whose frames are requests of remote write 2.0: what it scraped at its site. */
export const scrapedLane = 'metrics-scraped';
