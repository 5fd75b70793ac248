export {
  listQuarantine,
  readArrivals,
  readIngestHealth,
  type Arrival,
  type DataRange,
  type IngestHealth,
  type LedgerSum,
  type QuarantineRow,
} from './ingest-health.ts';
