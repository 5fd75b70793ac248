import { expect, test } from 'vitest';
import { unitText } from './systemd.ts';

test('the unit runs the agent hardened, and no word of a path changes its meaning', () => {
  const unit = unitText({
    node: '/opt/node bin/node',
    nodeFlags: ['--expose-gc'],
    main: '/opt/sight line/main.ts',
    args: ['--server', 'https://s.example', '--data', '/var/100%/$HOME/"x"'],
    dataFolder: '/var/lib/sightline-agent',
    cacheFolder: '/var/lib/sightline-agent/cache',
    environment: { HTTPS_PROXY: 'http://proxy:3128' },
  });
  expect(unit).toContain(
    String.raw`ExecStart="/opt/node bin/node" --expose-gc "/opt/sight line/main.ts" --server https://s.example --data "/var/100%%/$$HOME/\"x\""`,
  );
  expect(unit).toContain('Environment=NODE_COMPILE_CACHE=/var/lib/sightline-agent/cache');
  expect(unit).toContain('Environment=HTTPS_PROXY=http://proxy:3128');
  expect(unit).toContain('ReadWritePaths=/var/lib/sightline-agent\n');
  for (const line of ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'CapabilityBoundingSet=', 'MemoryMax=256M'])
    expect(unit.split('\n')).toContain(line);
});
