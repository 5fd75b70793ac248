import { describe, expect, test } from 'vitest';
import { helpText, readConfig } from './config.ts';

const place = { workingFolder: '/work', home: '/home/ann', root: false };
const read = (args: readonly string[], environment: Record<string, string> = {}) =>
  readConfig(args, environment, place);

describe('settings of the agent', () => {
  test('defaults, and where data lies', () => {
    expect(read([])).toMatchObject({
      ok: true,
      value: {
        command: 'run',
        server: '',
        dataFolder: '/home/ann/.local/share/sightline-agent',
        receivePort: 4318,
        receiveGrpcPort: undefined,
        spoolLimitBytes: 2e9,
      },
    });
    expect(readConfig([], {}, { ...place, root: true })).toMatchObject({
      value: { dataFolder: '/var/lib/sightline-agent' },
    });
  });

  test.each([
    [['--server', 'https://s.example/'], {}, { server: 'https://s.example' }],
    [['--server=http://s.example:4600/base/'], {}, { server: 'http://s.example:4600/base' }],
    [[], { SIGHTLINE_AGENT_SERVER: 'https://env.example' }, { server: 'https://env.example' }],
    [
      ['--server', 'https://flag.example'],
      { SIGHTLINE_AGENT_SERVER: 'https://env.example' },
      { server: 'https://flag.example' },
    ],
    [['policy', '--data', 'x'], {}, { command: 'policy', dataFolder: '/work/x' }],
    [['--help'], {}, { command: 'help' }],
    [
      ['install', '--data', '/d', '--token', 'enrol_0123456789ab', '--site', 'S1'],
      {},
      { serviceArgs: ['--data', '/d', '--site', 'S1'] },
    ],
    [['--receive-grpc-port', '4317'], {}, { receiveGrpcPort: 4317 }],
    [['--receive-grpc-port', 'none'], { SIGHTLINE_AGENT_RECEIVE_GRPC_PORT: '4317' }, { receiveGrpcPort: undefined }],
    [[], { SIGHTLINE_AGENT_RECEIVE_GRPC_PORT: '0' }, { receiveGrpcPort: 0 }],
    [[], { https_proxy: 'http://proxy:3128', HOME: '/x' }, { proxy: { https_proxy: 'http://proxy:3128' } }],
    [[], { DOCKER_HOST: 'unix:///run/p.sock' }, { engines: [{ socketPath: '/run/p.sock' }] }],
    [[], { DOCKER_HOST: 'tcp://10.0.0.2' }, { engines: [{ host: '10.0.0.2', port: 2375 }] }],
    [[], { DOCKER_HOST: 'ssh://host' }, { engines: [] }],
  ])('%j with %j', (args, environment, expected) => {
    expect(read(args, environment as Record<string, string>)).toMatchObject({ ok: true, value: expected });
  });

  test.each([
    [['--server', 'sightline.example'], /--server must be an address/],
    [['--server', 'https://user:secret@s.example'], /--server must be an address/],
    [['--token', 'short'], /one-time token/],
    [['--token'], /needs a value/],
    [['--tokn', 'x'], /no flag "--tokn"/],
    [['dance'], /no command "dance"/],
    [['--receive-port', '70000'], /0 to 65535/],
    [['--receive-port', ''], /0 to 65535/],
    [['--receive-grpc-port', '4317x'], /--receive-grpc-port must be a port from 0 to 65535/],
    [['--spool-limit', '5'], /at least 16MB/],
    [['--log-level', 'loud'], /debug, info/],
  ])('%j is refused', (args, words) => {
    const refused = read(args);
    expect(refused.ok).toBe(false);
    if (!refused.ok) {
      expect(refused.error.sentence).toMatch(words);
      expect(refused.error.sentence).not.toContain('secret');
    }
  });

  test('the help names every flag with its environment twin', () => {
    expect(helpText()).toMatch(/--token <one-time token>.*\(SIGHTLINE_AGENT_TOKEN\)/);
  });
});
