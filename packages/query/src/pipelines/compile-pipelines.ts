import { fail, ok, type Result } from '@sightline/base';
import { type Pipeline, pipelineBounds, type PipelineStep, severityNames } from '@sightline/record';
import type { ParameterValue } from '@sightline/store/port';
import type { Search } from '../search/ast.ts';
import { compile as compileSearch } from '../search/compile.ts';
import { findField } from '../search/fields.ts';
import { parseSearch } from '../search/parse.ts';
import { readPattern, type ReadPattern } from './read-pattern.ts';

/** Where a fault lies: a pipeline by its place in the list, one of its steps by its place there; undefined: the pipeline's own. */
export interface PipelineFault {
  readonly pipeline: number;
  readonly step: number | undefined;
  readonly field: string;
  readonly message: string;
}

/** What a number in `p_end`, `p_did` or `p_made` stands for. */
export interface NumberedStep {
  readonly pipeline: Pipeline;
  /** Place within the pipeline; undefined: the pipeline itself, counted once for each record that it takes. */
  readonly at: number | undefined;
  readonly step: PipelineStep | undefined;
}

/** Pipelines as SQL. No byte of what people wrote stands in it: all is bound. */
export interface CompiledPipelines {
  /**
   * Puts the pipelines around a SELECT that yields the columns of `logs` and `forwarded` (whether the site's own agent decides which
   * site it is). Yields all its columns, changed, and:
   * - `p_end` UInt16: the step that let the record go; 0 where it is kept.
   * - `p_did` Array(UInt16): pipelines that took it, and parse steps that did not fit.
   * - `p_made` Array(Tuple(UInt16, Array(String), Float64)): samples, by step, with values of labels.
   * - `p_capped` Array(UInt64): keys of the caps that it was counted under.
   * The parameters `cap_keys` and `cap_used` (`Array(UInt64)`, `Array(UInt32)`, neither empty) say what was kept of them before.
   */
  readonly wrap: (select: string) => string;
  /** The same in pieces, each around what the one before yields: the engine's planning grows with the square of what is nested. */
  readonly stages: readonly ((select: string) => string)[];
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** By number; 0 is nothing. */
  readonly steps: readonly (NumberedStep | undefined)[];
  /** Every regular expression in it, for the engine to have the last word on. */
  readonly expressions: readonly string[];
  readonly caps: boolean;
  readonly metrics: boolean;
}

/** Compiles the pipelines that are switched on, in their order. Faults name their place; those of pipelines that are off as well. */
export function compilePipelines(pipelines: readonly Pipeline[]): Result<CompiledPipelines, readonly PipelineFault[]> {
  const compiler = new Compiler();
  pipelines.forEach((pipeline, index) => compiler.pipeline(pipeline, index));
  if (compiler.faults.length > 0) return fail(compiler.faults);
  const { layers, parameters, steps, expressions, caps, metrics } = compiler;
  const stages = stagesOf([opening, ...layers]);
  return ok({
    wrap: (select) => stages.reduce((inner, stage) => stage(inner), select),
    stages,
    parameters,
    steps,
    expressions,
    caps,
    metrics,
  });
}

/** Layers in one statement: each costs more planning the more there are, each statement costs a file. */
const layersTogether = 5;

function stagesOf(layers: readonly string[]): ((select: string) => string)[] {
  return Array.from({ length: Math.ceil(layers.length / layersTogether) }, (_, n) => {
    const own = layers.slice(n * layersTogether, (n + 1) * layersTogether);
    return (select) => own.reduce((inner, layer) => `SELECT ${layer}\nFROM (${inner})`, select);
  });
}

const opening = `* REPLACE (CAST(attrs, 'Map(String, String)') AS attrs, CAST(res, 'Map(String, String)') AS res),
  rowNumberInAllBlocks() AS p_row, toUInt8(1) AS p_on, toUInt16(0) AS p_end, CAST([], 'Array(UInt16)') AS p_did,
  CAST([], 'Array(Tuple(UInt16, Array(String), Float64))') AS p_made, CAST([], 'Array(UInt64)') AS p_capped`;

/** Sampling and caps never let go of these: from `error` on, or with an attribute that says so. */
const isError = `(severity >= 17 OR arrayExists((k, v) -> match(k, '^(?:exception|error|err)(?:\\\\.|$)') AND lower(v) NOT IN ('', 'false', '0', 'no', 'none', 'null'), mapKeys(attrs), mapValues(attrs)))`;

const metricName = /^[A-Za-z_:][A-Za-z0-9_:.]{0,199}$/;

class Misfit extends Error {
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

class Compiler {
  /** What each SELECT yields of the one within. */
  readonly layers: string[] = [];
  readonly parameters: Record<string, ParameterValue> = {};
  readonly steps: (NumberedStep | undefined)[] = [undefined];
  readonly expressions: string[] = [];
  readonly faults: PipelineFault[] = [];
  caps = false;
  metrics = false;
  #count = 0;

  pipeline(pipeline: Pipeline, index: number): void {
    // One that is off is compiled as well, for its faults alone.
    const kept = { layers: this.layers.length, steps: this.steps.length, caps: this.caps, metrics: this.metrics };
    const number = this.#number({ pipeline, at: undefined, step: undefined });
    this.#within(index, undefined, () => {
      const filter = this.#filter(pipeline.filter, 'filter');
      this.#add({ p_now: `toUInt8(p_end = 0 AND ${filter})` });
      this.#replace({ p_on: 'p_now', p_did: `if(p_now, arrayPushBack(p_did, toUInt16(${number})), p_did)` }, ['p_now']);
    });
    pipeline.steps.forEach((step, at) =>
      this.#within(index, at, () => this.#step(step, this.#number({ pipeline, at, step }), pipeline)),
    );
    if (pipeline.enabled) return;
    this.layers.length = kept.layers;
    this.steps.length = kept.steps;
    this.caps = kept.caps;
    this.metrics = kept.metrics;
  }

  #within(pipeline: number, step: number | undefined, work: () => void): void {
    try {
      work();
    } catch (fault) {
      if (!(fault instanceof Misfit)) throw fault;
      this.faults.push({ pipeline, step, field: fault.field, message: fault.message });
    }
  }

  #number(step: NumberedStep): number {
    return this.steps.push(step) - 1;
  }

  #bind(type: string, value: ParameterValue): string {
    const name = `p${this.#count++}`;
    this.parameters[name] = value;
    return `{${name}:${type}}`;
  }

  #text(value: string): string {
    return this.#bind('String', value);
  }

  /** A layer that changes columns. */
  #replace(columns: Readonly<Record<string, string>>, without: readonly string[] = []): void {
    const changed = Object.entries(columns).map(([name, sql]) => `${sql} AS ${name}`);
    this.layers.push(
      `*${without.length > 0 ? ` EXCEPT (${without.join(', ')})` : ''} REPLACE (${changed.join(',\n  ')})`,
    );
  }

  /** A layer that adds columns. */
  #add(columns: Readonly<Record<string, string>>): void {
    const added = Object.entries(columns).map(([name, sql]) => `${sql} AS ${name}`);
    this.layers.push(`*, ${added.join(',\n  ')}`);
  }

  #filter(text: string, field: string): string {
    if (text.trim() === '') return '1';
    const parsed = parseSearch(text);
    if (!parsed.ok) throw new Misfit(field, parsed.error.message);
    this.expressions.push(...expressionsOf(parsed.value));
    const compiled = compileSearch('logs', parsed.value, `p${this.#count++}_`);
    if (!compiled.ok) throw new Misfit(field, compiled.error.message);
    Object.assign(this.parameters, compiled.value.parameters);
    return `(${compiled.value.sql})`;
  }

  #step(step: PipelineStep, number: number, pipeline: Pipeline): void {
    const when = this.#filter(step.when, 'when');
    const active = when === '1' ? '(p_on AND p_end = 0)' : `(p_on AND p_end = 0 AND ${when})`;
    switch (step.kind) {
      case 'parse':
        return this.#parse(step, active, number);
      case 'rename': {
        const [from, to] = [this.#text(attributeName(step.from, 'from')), this.#text(attributeName(step.to, 'to'))];
        if (attributeName(step.from, 'from') === attributeName(step.to, 'to'))
          throw new Misfit('to', 'expected another name');
        const renamed = `mapUpdate(mapFilter((k, v) -> k != ${from}, attrs), mapFromArrays([${to}], hide_secrets([${to}], [attrs[${from}]])))`;
        return this.#replace({ attrs: `if(${active} AND mapContains(attrs, ${from}), ${renamed}, attrs)` });
      }
      case 'set': {
        const pair = `map(${this.#text(attributeName(step.attribute, 'attribute'))}, ${this.#text(step.value)})`;
        return this.#replace({ attrs: `if(${active}, mapUpdate(attrs, ${pair}), attrs)` });
      }
      case 'remove': {
        const name = this.#text(attributeName(step.attribute, 'attribute'));
        this.#add({ p_act: active });
        return this.#replace(
          {
            attrs: `if(p_act, mapFilter((k, v) -> k != ${name}, attrs), attrs)`,
            res: `if(p_act, mapFilter((k, v) -> k != ${name}, res), res)`,
          },
          ['p_act'],
        );
      }
      case 'take':
        return this.#take(step, active);
      case 'drop':
        return this.#replace({ p_end: `if(${active}, toUInt16(${number}), p_end)` });
      case 'sample': {
        const [kept, salt] = [Math.round(step.share * 1_000_000), this.#text(step.by === '' ? pipeline.id : step.by)];
        // The same record, the same decision, however often it is loaded; records of one trace alike, whatever segment they come in.
        const alone = `cityHash64(${salt}, ${number}, received_at, p_row, body)`;
        const together = step.by === '' ? undefined : this.#value(step.by);
        // Those that lack the field are nobody's group: one lot for all of them would keep all or none.
        const lot = together === undefined ? alone : `if(${together} = '', ${alone}, cityHash64(${salt}, ${together}))`;
        const lost = `${active} AND NOT ${isError} AND ${lot} % 1000000 >= ${kept}`;
        return this.#replace({ p_end: `if(${lost}, toUInt16(${number}), p_end)` });
      }
      case 'cap':
        return this.#cap(step, active, number, pipeline);
      case 'route': {
        const pair = `map('retention.class', ${this.#text(step.retentionClass)})`;
        return this.#replace({ attrs: `if(${active}, mapUpdate(attrs, ${pair}), attrs)` });
      }
      case 'metric':
        return this.#metric(step, active, number);
    }
  }

  /** The value of a field, as text; '' where there is none. */
  #value(name: string, at = 'by'): string {
    if (name.trim() === '') throw new Misfit(at, 'expected the name of a field');
    const field = findField('logs', name);
    if (field.kind === 'attribute') {
      const places = field.keys.flatMap((key) => {
        const bound = this.#text(key);
        return field.maps.map((map) => `${map}[${bound}]`);
      });
      const last = places.pop() ?? "''";
      return places.reduceRight((rest, place) => `if(${place} != '', ${place}, ${rest})`, last);
    }
    if (field.kind === 'severity') {
      const names = severityNames.map((one) => `'${one}'`).join(', ');
      return `if(severity = 0, '', arrayElement([${names}], intDiv(severity - 1, 4) + 1))`;
    }
    if (field.kind === 'hex')
      return `if(${field.column} = toFixedString('', ${field.bytes}), '', lower(hex(${field.column})))`;
    return `toString(${field.column})`;
  }

  #parse(step: Extract<PipelineStep, { kind: 'parse' }>, active: string, number: number): void {
    const source = this.#value(step.from === '' ? 'body' : step.from, 'from');
    if (step.prefix !== '') attributeName(step.prefix, 'prefix');
    const prefix = this.#text(step.prefix);
    const { parsedFields } = pipelineBounds;
    if (step.format === 'grok' || step.format === 'regex') {
      const read = readPattern(step.format, step.pattern);
      if (!read.ok) throw new Misfit('pattern', read.error);
      return this.#match(read.value, step.prefix, source, active, number);
    }
    if (step.format === 'json') {
      const empty = `CAST([], 'Array(Tuple(String, String))')`;
      // The scrubber may have put a marker in the place of a number.
      const mended = `if(isValidJSON(${source}), ${source}, replaceRegexpAll(${source}, '([:,\\\\[]\\\\s*)(<[a-z]+>)(\\\\s*[,}\\\\]])', '\\\\1"\\\\2"\\\\3'))`;
      this.#add({ p_pairs: `if(${active}, JSONExtractKeysAndValuesRaw(${mended}), ${empty})`, p_act: active });
      // Two levels below the first: what lies deeper stays JSON.
      for (let level = 0; level < 2; level++)
        this.#replace({
          p_pairs: `arraySlice(arrayFlatten(arrayMap(p -> if(startsWith(p.2, '{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), JSONExtractKeysAndValuesRaw(p.2)), [p]), p_pairs)), 1, ${parsedFields})`,
        });
      return this.#keepParsed(
        number,
        `arrayMap(p -> concat(${prefix}, p.1), p_pairs)`,
        `arrayMap(p -> multiIf(startsWith(p.2, '"'), JSONExtractString(p.2), p.2 = 'null', '', p.2), p_pairs)`,
        ['p_pairs', 'p_act'],
      );
    }
    // The engine refuses, for all records, one with very many pairs.
    const readable = `${active} AND countSubstrings(${source}, '=') <= ${parsedFields * 2}`;
    this.#add({
      p_map: `if(${readable}, extractKeyValuePairs(${source}, '=', ' \\t\\n', '"'), CAST(map(), 'Map(String, String)'))`,
      p_act: active,
    });
    return this.#keepParsed(
      number,
      `arraySlice(arrayMap(k -> concat(${prefix}, k), mapKeys(p_map)), 1, ${parsedFields})`,
      `arraySlice(mapValues(p_map), 1, ${parsedFields})`,
      ['p_map', 'p_act'],
    );
  }

  #match(pattern: ReadPattern, prefix: string, source: string, active: string, number: number): void {
    this.expressions.push(pattern.expression);
    const names = this.#bind(
      'Array(String)',
      pattern.groups.map(({ name }) => prefix + name),
    );
    const indexes = pattern.groups.map(({ index }) => index).join(', ');
    this.#add({
      p_got: `if(${active}, extractGroups(${source}, ${this.#text(pattern.expression)}), CAST([], 'Array(String)'))`,
      p_act: active,
    });
    this.#keepParsed(
      number,
      `if(empty(p_got), CAST([], 'Array(String)'), ${names})`,
      `if(empty(p_got), CAST([], 'Array(String)'), arrayMap(i -> p_got[i], [${indexes}]))`,
      ['p_got', 'p_act'],
    );
  }

  /** What was read out of a text becomes attributes, scrubbed as everything that is stored: escapes may have hidden it so far. */
  #keepParsed(number: number, keys: string, values: string, spent: readonly string[]): void {
    this.#add({
      p_keys: keys,
      p_vals: `hide_secrets(${keys}, arrayResize(scrub_record(${keys}, toValidUTF8(glue(${values}))), length(${keys})))`,
    });
    const names = `arrayMap(k -> substring(toValidUTF8(k), 1, 200), arrayFilter((k, v) -> v != '' AND k != '', p_keys, p_vals))`;
    const kept = `arrayFilter((v, k) -> v != '' AND k != '', p_vals, p_keys)`;
    this.#replace(
      {
        attrs: `if(empty(p_keys), attrs, mapUpdate(attrs, mapFromArrays(${names}, ${kept})))`,
        p_did: `if(p_act AND empty(p_keys), arrayPushBack(p_did, toUInt16(${number})), p_did)`,
      },
      [...spent, 'p_keys', 'p_vals'],
    );
  }

  #take(step: Extract<PipelineStep, { kind: 'take' }>, active: string): void {
    this.#add({ p_text: `if(${active}, trimBoth(${this.#value(step.from, 'from')}), '')` });
    const spent = ['p_text'];
    switch (step.field) {
      case 'level': {
        // Numbers are those of pino and bunyan.
        const level = `transform(p_text, ['10', '20', '30', '40', '50', '60'], [1, 5, 9, 13, 17, 21], severity_of(0, p_text))`;
        this.#add({ p_level: `toUInt8(${level})` });
        return this.#replace(
          {
            severity: 'if(p_level > 0, p_level, severity)',
            severity_text: `if(p_level > 0 AND length(p_text) <= 40, p_text, toString(severity_text))`,
          },
          [...spent, 'p_level'],
        );
      }
      case 'timestamp':
        this.#add({ p_time: timeOf('p_text') });
        // What is further off than a record may be when it comes is no time of this record.
        return this.#replace(
          {
            ts: 'if(p_time IS NOT NULL AND p_time >= received_at - INTERVAL 30 DAY AND p_time <= received_at + INTERVAL 1 DAY, assumeNotNull(p_time), ts)',
          },
          [...spent, 'p_time'],
        );
      case 'site':
        return this.#replace(
          { site: `if(p_text != '' AND NOT forwarded, substring(p_text, 1, 200), toString(site))` },
          spent,
        );
      case 'service':
        return this.#replace({ service: `if(p_text != '', substring(p_text, 1, 200), toString(service))` }, spent);
      case 'body':
        return this.#replace({ body: `if(p_text != '', p_text, body)` }, spent);
    }
  }

  #cap(step: Extract<PipelineStep, { kind: 'cap' }>, active: string, number: number, pipeline: Pipeline): void {
    this.caps = true;
    const key = `cityHash64(${this.#text(pipeline.id)}, ${number}, ${step.by === '' ? "''" : this.#value(step.by)}, toStartOfMinute(received_at))`;
    this.#add({ p_act: `${active} AND NOT ${isError}`, p_key: key });
    this.#add({
      p_turn: `row_number() OVER (PARTITION BY p_act, p_key ORDER BY p_row) + transform(p_key, {cap_keys:Array(UInt64)}, {cap_used:Array(UInt32)}, toUInt32(0))`,
    });
    this.#replace(
      {
        p_end: `if(p_act AND p_turn > ${step.perMinute}, toUInt16(${number}), p_end)`,
        p_capped: `if(p_act AND p_turn <= ${step.perMinute}, arrayPushBack(p_capped, p_key), p_capped)`,
      },
      ['p_act', 'p_key', 'p_turn'],
    );
  }

  #metric(step: Extract<PipelineStep, { kind: 'metric' }>, active: string, number: number): void {
    this.metrics = true;
    if (!metricName.test(step.metric))
      throw new Misfit('metric', 'expected a name of letters, digits, and _ : . such as http.server.requests');
    const labels = step.labels.map((label) => `substring(${this.#value(label, 'labels')}, 1, 200)`);
    const counted = step.measure === 'count';
    this.#add({
      p_number: counted ? 'toNullable(toFloat64(1))' : `toFloat64OrNull(trimBoth(${this.#value(step.of, 'of')}))`,
    });
    // Counters and histograms never go back: what is below zero, or no number, is left out.
    const sample = `(toUInt16(${number}), CAST([${labels.join(', ')}], 'Array(String)'), assumeNotNull(p_number))`;
    this.#replace(
      {
        p_made: `if(${active} AND p_number >= 0 AND isFinite(p_number), arrayPushBack(p_made, ${sample}), p_made)`,
      },
      ['p_number'],
    );
  }
}

/** A time as text: seconds, milliseconds, microseconds or nanoseconds since 1970, web servers' form, or what else is common. */
const timeOf = (text: string): string => {
  const digits = `toUInt64OrZero(${text})`;
  const seconds = `fromUnixTimestamp64Micro(toInt64(round(toFloat64OrZero(${text}) * 1000000)))`;
  const webServer = `replaceRegexpOne(${text}, '^(\\\\d{1,2})/([A-Za-z]{3})/(\\\\d{4}):(\\\\d{2}:\\\\d{2}:\\\\d{2})', '\\\\1 \\\\2 \\\\3 \\\\4')`;
  return `multiIf(match(${text}, '^\\\\d{10}(?:\\\\.\\\\d+)?$'), CAST(${seconds}, 'Nullable(DateTime64(9))'),
    match(${text}, '^\\\\d{13}$'), CAST(fromUnixTimestamp64Milli(toInt64(${digits})), 'Nullable(DateTime64(9))'),
    match(${text}, '^\\\\d{16}$'), CAST(fromUnixTimestamp64Micro(toInt64(${digits})), 'Nullable(DateTime64(9))'),
    match(${text}, '^[1-8]\\\\d{18}$'), CAST(fromUnixTimestamp64Nano(toInt64(${digits})), 'Nullable(DateTime64(9))'),
    parseDateTime64BestEffortOrNull(${webServer}, 9, 'UTC'))`;
};

/** The name of an attribute of the record; `attrs.x` and `@x` mean `x`. */
function attributeName(name: string, field: string): string {
  const bare = name.replace(/^(?:@|attrs\.|attributes\.)/, '').trim();
  if (bare === '' || bare.length > 200)
    throw new Misfit(field, 'expected the name of an attribute, at most 200 characters');
  return bare;
}

function expressionsOf(search: Search): string[] {
  switch (search.kind) {
    case 'and':
    case 'or':
      return search.items.flatMap(expressionsOf);
    case 'not':
      return expressionsOf(search.item);
    case 'regex':
      return [search.pattern];
    case 'field':
      return search.test.kind === 'regex' ? [search.test.pattern] : [];
    default:
      return [];
  }
}
