/**
 * Settings with which one `INSERT … SELECT … FROM file(…)` is loaded exactly once, tables and materialised views alike,
 * however often it is replayed with the same `insert_deduplication_token`. The order of blocks has to be the same in
 * each run, because a block is known by the token and its number.
 */
export const exactlyOnceSettings: Readonly<Record<string, string | number>> = Object.freeze({
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_threads: 1,
  max_insert_threads: 1,
  max_parsing_threads: 1,
  // One block per insert: no boundary that could lie elsewhere the next time.
  min_insert_block_size_rows: 10_000_000,
  min_insert_block_size_bytes: 4_000_000_000,
  max_insert_block_size: 10_000_000,
  async_insert: 0,
  // Late records spread over many days, a part each: a store that was away for weeks must still load.
  max_partitions_per_insert_block: 0,
});
