/** The engine's server configuration. Its defaults allow caches of several gigabytes. */

const mib = 1024 * 1024;

export interface EngineLimits {
  /** What all queries, merges and caches may take together. The process itself comes on top (about 200 MB). */
  readonly memoryBytes: number;
}

export const defaultEngineLimits: EngineLimits = { memoryBytes: 3 * 1024 * mib };

/**
 * Parts below are compressed quickly rather than well: loads, and what they are merged into until a part holds the logs of a day of some fifty million. To
 * read every line of such a day takes half of the time then, for a third more room (51 instead of 39 bytes a log, the indexes among them). Larger
 * parts take less room.
 */
const smallPartBytes = 3_000_000_000;

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Content of the file for `--config-file`. `backupFolder` is the only place to which BACKUP may write. */
export function engineConfig(limits: EngineLimits, backupFolder: string): string {
  const settings: Readonly<Record<string, string | number>> = {
    max_server_memory_usage: limits.memoryBytes,
    mark_cache_size: 96 * mib,
    primary_index_cache_size: 96 * mib,
    index_mark_cache_size: 32 * mib,
    index_uncompressed_cache_size: 0,
    uncompressed_cache_size: 0,
    text_index_postings_cache_size: 64 * mib,
    text_index_dictionary_block_cache_size: 64 * mib,
    text_index_header_cache_size: 32 * mib,
    query_condition_cache_size: 32 * mib,
    vector_similarity_index_cache_size: 0,
    mmap_cache_size: 0,
    background_pool_size: 2,
    background_schedule_pool_size: 4,
    max_concurrent_queries: 0,
  };
  // How much alike in size the parts of a merge are: about as many are merged at a time. With the engine's 5 a row was written anew 2.9 times
  // in a hundred loads, with 10 1.6 times; a merge costs as much as a load.
  const merges = '<merge_tree><merge_selector_base>16</merge_selector_base></merge_tree>';
  // LZ4 for parts that are merged again soon, ZSTD for those that stay: a fifth of what writing a row costs, a third of what merging it costs.
  const compression = `<compression><case><min_part_size>${smallPartBytes}</min_part_size><min_part_size_ratio>0</min_part_size_ratio><method>zstd</method><level>1</level></case></compression>`;
  const lines = Object.entries(settings).map(([name, value]) => `  <${name}>${value}</${name}>`);
  return `<clickhouse>\n${lines.join('\n')}\n  ${merges}\n  ${compression}\n  <backups><allowed_path>${escapeXml(backupFolder)}</allowed_path></backups>\n</clickhouse>\n`;
}
