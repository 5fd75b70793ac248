import { describe, expect, test } from 'vitest';
import { readConfig, setupKeyRemark } from './config.ts';

const read = (args: string[], environment: Record<string, string> = {}) => readConfig(args, environment, '/srv');

describe('good settings', () => {
  test('defaults need nothing', () => {
    const config = read([]);
    expect(config).toMatchObject({
      ok: true,
      value: {
        port: 4600,
        host: '0.0.0.0',
        dataFolder: '/srv/data',
        demo: false,
        spoolLimitBytes: 8e9,
        otlpPorts: { grpc: 4317, http: 4318 },
      },
    });
  });
  test('the command line wins over the environment', () => {
    expect(read(['--port', '5000'], { SIGHTLINE_PORT: '6000' })).toMatchObject({ value: { port: 5000 } });
    expect(read([], { SIGHTLINE_PORT: '6000', SIGHTLINE_DEMO: '1' })).toMatchObject({
      value: { port: 6000, demo: true },
    });
  });
  test('an archive in a bucket takes its keys from the environment', () => {
    const keys = { AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'SK', AWS_REGION: 'eu-central-1' };
    const args = ['--archive', 's3://logs/old/ones/', '--archive-endpoint', 'https://s3.example:9000/'];
    const place = { bucket: 'logs', prefix: 'old/ones', endpoint: 'https://s3.example:9000', region: 'eu-central-1' };
    expect(read(args, keys)).toMatchObject({
      value: {
        archive: 's3://logs/old/ones/',
        archiveBucket: { ...place, accessKeyId: 'AK', secretAccessKey: 'SK', sessionToken: '' },
      },
    });
    expect(read(['--archive', 's3://logs'], keys)).toMatchObject({
      value: { archiveBucket: { prefix: '', endpoint: '' } },
    });
  });
  test.each([
    [['--port=0'], { port: 0 }],
    [['--demo'], { demo: true }],
    [['--data', '/var/lib/sightline'], { dataFolder: '/var/lib/sightline' }],
    [['--otlp-ports', 'none'], { otlpPorts: undefined }],
    [['--spool-limit', '500MB'], { spoolLimitBytes: 5e8 }],
    [['--retention-metrics', '90d'], { retentionMetricsMs: 90 * 86_400_000 }],
    [['--retention-metrics', 'forever'], { retentionMetricsMs: Infinity }],
    [[], { metricSeriesLimit: { organisation: 1_000_000, metric: 200_000 } }],
    [['--metric-series-limit', '2000000/1500000'], { metricSeriesLimit: { organisation: 2e6, metric: 1.5e6 } }],
    [[], { archive: '' }],
    [['--archive', 'old'], { archive: '/srv/old', archiveEncrypted: true }],
    [['--archive-encryption', 'off'], { archiveEncrypted: false }],
    [[], { otlpPromotion: undefined }],
    [
      ['--otlp-promote-resource-attributes', 'k8s.namespace.name, cloud.region'],
      { otlpPromotion: { attributes: ['k8s.namespace.name', 'cloud.region'], all: false } },
    ],
    [
      ['--otlp-promote-resource-attributes', '*,-process.pid'],
      { otlpPromotion: { attributes: ['process.pid'], all: true } },
    ],
    [['--otlp-promote-resource-attributes', 'none'], { otlpPromotion: { attributes: [], all: false } }],
    [[], { scrapeConfig: '', statsd: [] }],
    [
      ['--scrape-config', '/etc/prometheus.yml', '--statsd-port', '8125'],
      { scrapeConfig: '/etc/prometheus.yml', statsd: [{ port: 8125, organisation: '' }] },
    ],
    [
      ['--statsd-port', '8125, 8126=Acme Stores,8127=org_1'],
      {
        statsd: [
          { port: 8125, organisation: '' },
          { port: 8126, organisation: 'Acme Stores' },
          { port: 8127, organisation: 'org_1' },
        ],
      },
    ],
    [[], { syslog: [], gelf: [], listenerKey: '', listenerTls: undefined }],
    [
      [
        '--syslog',
        '514, udp:1514,tls:6514',
        '--gelf=tcp:0',
        '--listener-cert',
        '/a.pem',
        '--listener-cert-key',
        '/a.key',
      ],
      {
        syslog: [
          { port: 514, transport: 'udp+tcp', handshake: false },
          { port: 1514, transport: 'udp', handshake: false },
          { port: 6514, transport: 'tls', handshake: false },
        ],
        gelf: [{ port: 0, transport: 'tcp', handshake: false }],
        listenerTls: { cert: '/a.pem', key: '/a.key' },
      },
    ],
    [
      ['--fluent-forward', '24224,handshake:24225'],
      {
        fluentForward: [
          { port: 24_224, transport: 'udp+tcp', handshake: false },
          { port: 24_225, transport: 'tcp', handshake: true },
        ],
      },
    ],
    [['--role', 'ingest,query,detect,fleet'], { roles: new Set(['ingest', 'query', 'detect', 'fleet']) }],
    [
      ['--role', 'ingest', '--clickhouse-url', 'http://stores:8123', '--database-url', 'postgres://stores/sightline'],
      { roles: new Set(['ingest']) },
    ],
    [['--trusted-proxies', '127.0.0.1, fd00::/8'], { trustedProxies: ['127.0.0.1', 'fd00::/8'] }],
    [['--public-url', 'https://watch.example/'], { publicUrl: 'https://watch.example' }],
  ])('%j', (args, expected) => expect(read(args)).toMatchObject({ ok: true, value: expected }));
  test('headless set-up', () => {
    const environment = {
      SIGHTLINE_SETUP_ORG: 'Stores',
      SIGHTLINE_SETUP_EMAIL: 'ops@stores.example',
      SIGHTLINE_SETUP_PASSWORD: 'correct horse',
      SIGHTLINE_SETUP_KEY: 'k'.repeat(20),
    };
    expect(read([], environment)).toMatchObject({
      value: { setup: { organisation: 'Stores', email: 'ops@stores.example' } },
    });
  });
});

describe('wrong settings stop the start with a sentence', () => {
  test.each<[string[], Record<string, string>, RegExp]>([
    [['--prot', '1'], {}, /no flag "--prot".*--help/],
    [['--port'], {}, /--port needs a value/],
    [['--port', '70000'], {}, /--port must be a port/],
    [[], { SIGHTLINE_PORT: 'http' }, /SIGHTLINE_PORT must be a port.*"http"/],
    [['--role', 'cook'], {}, /--role knows all/],
    [['--role', 'query'], {}, /--role query runs one part alone.*--clickhouse-url.*--database-url/],
    [['--role', 'ingest'], { DATABASE_URL: 'postgres://stores/sightline' }, /--clickhouse-url/],
    [['--spool-limit', '5'], {}, /at least 16MB/],
    [['--otlp-ports', '4317'], {}, /two ports/],
    [['--otlp-promote-resource-attributes', 'a,,b'], {}, /names of attributes/],
    [['--otlp-promote-resource-attributes', 'a,-b'], {}, /names of attributes/],
    [['--otlp-promote-resource-attributes', '*,b'], {}, /names of attributes/],
    [['--metric-series-limit', '1000000'], {}, /two numbers/],
    [['--metric-series-limit', '200000/1000000'], {}, /the greater first/],
    [['--retention-metrics', '1h'], {}, /at least 1d.*forever/],
    [['--archive', 's3://Logs/x'], {}, /named s3:\/\/bucket\/prefix/],
    [['--archive', 's3://logs/../x'], {}, /named s3:\/\/bucket\/prefix/],
    [['--archive', 's3://logs'], { AWS_ACCESS_KEY_ID: 'AK' }, /AWS_SECRET_ACCESS_KEY in the environment/],
    [['--archive-endpoint', 'minio:9000'], {}, /--archive-endpoint must be an address/],
    [['--archive-encryption', 'yes'], {}, /--archive-encryption must be on or off/],
    [['--statsd-port', 'udp'], {}, /--statsd-port must be ports such as 8125 or 8126=Acme/],
    [['--statsd-port', '8125='], {}, /--statsd-port must be ports/],
    [['--statsd-port', '8125,8125=Acme'], {}, /--statsd-port names port 8125 twice/],
    [['--syslog', 'quic:514'], {}, /--syslog must be ports such as 514/],
    [['--gelf', '70000'], {}, /--gelf must be ports/],
    [['--syslog', 'handshake:514'], {}, /--syslog must be ports/],
    [['--fluent-forward', 'shared:24224'], {}, /--fluent-forward must be ports such as 24224/],
    [['--syslog', 'tls:6514'], {}, /tls: port needs a certificate/],
    [['--listener-cert', 'a.pem'], {}, /belong together/],
    [['--trusted-proxies', '10.0.0.0/8,nginx'], {}, /--trusted-proxies must be addresses.*"nginx"/],
    [['--trusted-proxies', '10.0.0.0/99'], {}, /addresses or ranges/],
    [['--log-level', 'loud'], {}, /debug, info, warn or error/],
    [[], { DATABASE_URL: 'mysql://u:secretsecret@h/d' }, /DATABASE_URL must be an address that begins with postgres/],
    [[], { SIGHTLINE_SETUP_ORG: 'x' }, /belong together/],
    [[], { SIGHTLINE_SETUP_ORG: 'x', SIGHTLINE_SETUP_EMAIL: 'a@b', SIGHTLINE_SETUP_PASSWORD: 'short' }, /at least 10/],
    [
      [],
      {
        SIGHTLINE_SETUP_ORG: 'x',
        SIGHTLINE_SETUP_EMAIL: 'a@b',
        SIGHTLINE_SETUP_PASSWORD: 'longenough!',
        SIGHTLINE_SETUP_KEY: 'has space',
      },
      /SIGHTLINE_SETUP_KEY must have/,
    ],
  ])('%j %j', (args, environment, sentence) => {
    const config = read(args, environment);
    expect(config.ok).toBe(false);
    if (config.ok) return;
    expect(config.error.sentence).toMatch(sentence);
    expect(config.error.sentence).not.toContain('secretsecret');
  });
});

test('a key that JavaScript SDKs of Sentry cannot take is remarked on', () => {
  expect(setupKeyRemark('key-of-the-shop-0001')).toMatch(/JavaScript SDKs/);
  for (const key of ['', 'key_of_the_shop_0001']) expect(setupKeyRemark(key)).toBe('');
});
