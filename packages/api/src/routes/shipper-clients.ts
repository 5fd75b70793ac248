import type { Client } from './clients.ts';

/** Log shippers and loggers that speak another product's protocol, which only need another address. */
export const shippers: readonly Client[] = [
  {
    name: 'elasticsearch-js',
    title: 'Elasticsearch client for Node',
    protocol: 'elasticsearch',
    language: 'javascript',
    install: 'npm install @elastic/elasticsearch',
    snippet: `import { Client } from '@elastic/elasticsearch';

const client = new Client({ node: '{url}/elasticsearch', auth: { apiKey: '{key}' } });

const { errors, items } = await client.bulk({
  index: 'logs-backend-default',
  operations: [
    { create: {} },
    {
      '@timestamp': new Date().toISOString(),
      'log.level': 'info',
      message: 'First line from the Elasticsearch client',
      service: { name: 'backend' },
      labels: { site: 'STORE_001' },
    },
  ],
});
if (errors) console.error(JSON.stringify(items));
`,
  },
  {
    name: 'winston-elasticsearch',
    title: 'winston with winston-elasticsearch',
    protocol: 'elasticsearch',
    language: 'javascript',
    install: 'npm install winston winston-elasticsearch',
    snippet: `import winston from 'winston';
import { ElasticsearchTransport } from 'winston-elasticsearch';

const logger = winston.createLogger({
  defaultMeta: { service: 'backend', site: 'STORE_001' },
  transports: [
    new ElasticsearchTransport({
      clientOpts: { node: '{url}/elasticsearch', auth: { apiKey: '{key}' } },
      dataStream: true,
    }),
  ],
});

logger.info('First line from winston', { orderId: 42 });
`,
  },
  {
    name: 'filebeat',
    title: 'Filebeat',
    protocol: 'elasticsearch',
    language: 'yaml',
    install: 'apt-get install filebeat',
    snippet: `# filebeat.yml
filebeat.inputs:
  - type: filestream
    id: files
    paths: [/var/log/*.log]
    fields: { site: STORE_001 }
output.elasticsearch:
  hosts: ['{url}/elasticsearch']
  username: sightline
  password: '{key}'
setup.ilm.enabled: false
setup.template.enabled: false
`,
  },
  {
    name: 'better-stack-node',
    title: 'Better Stack (Logtail) for Node',
    protocol: 'better-stack',
    language: 'javascript',
    install: 'npm install @logtail/node',
    snippet: `import { Logtail } from '@logtail/node';

const logger = new Logtail('{key}', { endpoint: '{url}' });

logger.info('First line from Logtail', { service: 'backend', site: 'STORE_001', orderId: 42 });
await logger.flush();
`,
  },
  {
    name: 'firehose',
    title: 'AWS CloudWatch through Firehose',
    protocol: 'firehose',
    language: 'bash',
    install: '',
    snippet: `# The delivery stream needs an address that AWS reaches over HTTPS, a role, and a bucket for what fails.
aws firehose create-delivery-stream --delivery-stream-name sightline --http-endpoint-destination-configuration '{
  "EndpointConfiguration": { "Url": "{url}/firehose", "Name": "sightline", "AccessKey": "{key}" },
  "RequestConfiguration": {
    "ContentEncoding": "GZIP",
    "CommonAttributes": [{ "AttributeName": "site", "AttributeValue": "STORE_001" }]
  },
  "S3Configuration": { "RoleARN": "arn:aws:iam::<account>:role/<role>", "BucketARN": "arn:aws:s3:::<bucket>" }
}'
aws logs put-subscription-filter --log-group-name /aws/lambda/backend --filter-name sightline --filter-pattern '' \\
  --destination-arn arn:aws:firehose:<region>:<account>:deliverystream/sightline \\
  --role-arn arn:aws:iam::<account>:role/<role>
`,
  },
  {
    name: 'cloudevents',
    title: 'CloudEvents with curl',
    protocol: 'cloudevents',
    language: 'bash',
    install: '',
    snippet: `curl '{url}/cloudevents' \\
  -H 'Authorization: Bearer {key}' -H 'Content-Type: application/cloudevents+json' \\
  --data-binary @- <<'END'
{
  "specversion": "1.0", "id": "1", "source": "/tills/3", "type": "com.example.card.declined",
  "site": "STORE_001", "service": "tills",
  "data": { "message": "First event from curl", "level": "warn", "order": "42" }
}
END
`,
  },
  {
    name: 'journald',
    title: 'systemd-journal-upload',
    protocol: 'journald',
    language: 'ini',
    install: 'apt-get install systemd-journal-remote && systemctl enable --now systemd-journal-upload',
    snippet: `# /etc/systemd/journal-upload.conf
# Give the key a site on the Keys page: the journal does not name one.
[Upload]
URL={scheme}://sightline:{key}@{host}:{port}/journald
`,
  },
  {
    name: 'logger',
    title: 'syslog with logger',
    protocol: 'syslog',
    language: 'bash',
    install: '',
    snippet: `# The server runs with --syslog 5514
logger --server {host} --port 5514 --tcp --rfc5424 --tag script --priority user.warning \\
  --sd-id sightline@1 --sd-param 'key="{key}"' --sd-param 'site="STORE_001"' 'First line from logger'
`,
  },
  {
    name: 'rsyslog',
    title: 'rsyslog',
    protocol: 'syslog',
    language: 'bash',
    install: '',
    snippet: `# /etc/rsyslog.d/60-sightline.conf; the server runs with --syslog 5514
template(name="sightline" type="string" string="<%PRI%>1 %TIMESTAMP:::date-rfc3339% %HOSTNAME% %APP-NAME% %PROCID% %MSGID% [sightline@1 key=\\"{key}\\" site=\\"STORE_001\\"]%msg:::sp-if-no-1st-sp%%msg%")
action(type="omfwd" target="{host}" port="5514" protocol="tcp" TCP_Framing="octet-counted" template="sightline"
  queue.type="LinkedList" action.resumeRetryCount="-1")
`,
  },
  {
    name: 'syslog-ng',
    title: 'syslog-ng',
    protocol: 'syslog',
    language: 'bash',
    install: '',
    snippet: `# /etc/syslog-ng/conf.d/sightline.conf; the server runs with --syslog 5514
rewrite r_sightline {
  set("{key}", value(".SDATA.sightline@1.key"));
  set("STORE_001", value(".SDATA.sightline@1.site"));
};
destination d_sightline { syslog("{host}" port(5514) transport("tcp")); };
log { source(s_src); rewrite(r_sightline); destination(d_sightline); };
`,
  },
  {
    name: 'gelf-pro',
    title: 'GELF with gelf-pro',
    protocol: 'gelf',
    language: 'javascript',
    install: 'npm install gelf-pro',
    snippet: `// The server runs with --gelf 12201
import log from 'gelf-pro';

log.setConfig({
  fields: { sightline_key: '{key}', site: 'STORE_001', service: 'backend' },
  adapterName: 'tcp',
  adapterOptions: { host: '{host}', port: 12201 },
});

log.info('First line from gelf-pro', { orderId: 42 });
`,
  },
  {
    name: 'docker-gelf',
    title: 'Docker, GELF driver',
    protocol: 'gelf',
    language: 'bash',
    install: '',
    snippet: `# The server runs with --gelf 12201
docker run --log-driver gelf --log-opt gelf-address=tcp://{host}:12201 --log-opt labels=sightline_key,site \\
  --label sightline_key='{key}' --label site=STORE_001 busybox echo 'First line from Docker'
`,
  },
  {
    name: 'fluent-logger',
    title: 'fluent-logger for Node',
    protocol: 'fluent-forward',
    language: 'javascript',
    install: 'npm install fluent-logger',
    snippet: `// The server runs with --fluent-forward handshake:24224
import fluent from 'fluent-logger';

const logger = fluent.createFluentSender('backend', {
  host: '{host}',
  port: 24224,
  requireAckResponse: true,
  security: { clientHostname: 'till-3', sharedKey: '{key}', username: '{key}', password: '' },
});

logger.emit('orders', { message: 'First line from fluent-logger', level: 'info', service: 'backend', site: 'STORE_001' });
`,
  },
  {
    name: 'fluentd',
    title: 'Fluentd',
    protocol: 'fluent-forward',
    language: 'bash',
    install: '',
    snippet: `# fluent.conf; the server runs with --fluent-forward handshake:24224
<match **>
  @type forward
  require_ack_response true
  compress gzip
  <security>
    self_hostname till-3
    shared_key {key}
  </security>
  <server>
    host {host}
    port 24224
    username {key}
    password unused
  </server>
</match>
`,
  },
  {
    name: 'fluent-bit-forward',
    title: 'Fluent Bit, forward protocol',
    protocol: 'fluent-forward',
    language: 'yaml',
    install: 'curl https://raw.githubusercontent.com/fluent/fluent-bit/master/install.sh | sh',
    snippet: `# fluent-bit.yaml; the server runs with --fluent-forward handshake:24224
pipeline:
  inputs:
    - name: tail
      path: /var/log/*.log
      tag: logs
  filters:
    - name: modify
      match: '*'
      add: site STORE_001
  outputs:
    - name: forward
      match: '*'
      host: '{host}'
      port: 24224
      shared_key: '{key}'
      username: '{key}'
      password: unused
      require_ack_response: true
      compress: gzip
`,
  },
];
