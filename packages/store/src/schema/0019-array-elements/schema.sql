-- Elements of lists among the attributes of a span and its resource, so that TraceQL finds a span by any of them as quickly as by a single value. Lists are
-- stored as JSON. Reckoned by the engine, also when the attributes are scrubbed later; of spans stored before they are told when they are read, their index is made in the background.
ALTER TABLE spans ADD COLUMN elements Array(String) MATERIALIZED if(arrayExists(v -> startsWith(v, '['), mapValues(attrs)) OR arrayExists(v -> startsWith(v, '['), mapValues(res)),
  arrayDistinct(arrayFlatten(arrayMap(v -> JSONExtract(v, 'Array(String)'), arrayFilter(v -> startsWith(v, '['), arrayConcat(mapValues(attrs), mapValues(res)))))), []) CODEC(ZSTD(1));
ALTER TABLE spans ADD INDEX ix_elements elements TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE spans MATERIALIZE INDEX ix_elements;
