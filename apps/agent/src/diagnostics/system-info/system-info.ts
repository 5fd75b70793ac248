import { ok } from '@sightline/base';
import { systemInfo } from '@sightline/fleet/messages';
import { defineDiagnostic } from '../diagnostic.ts';
import { permitSwitch } from '../permit-container.ts';

/** The processor's use is measured over this time. */
const sampleMs = 300;

export const systemInfoDiagnostic = defineDiagnostic({
  definition: systemInfo,
  permit: (policy) => permitSwitch(policy, 'systemInfo', 'looking at the machine'),
  run: async (_, __, { host, clock, version, startedAtMs }, signal) => {
    const before = host.cpuTimes();
    await clock.sleep(sampleMs, signal);
    const facts = host.facts();
    return ok({
      host: facts.host,
      os: facts.os,
      arch: facts.arch,
      uptimeS: host.uptimeS(),
      cpu: {
        cores: facts.cpus,
        model: host.cpuModel(),
        usage: host.cpuUsage(before, host.cpuTimes()),
        load: host.load(),
      },
      memory: host.memory(),
      disks: (await host.fileSystems()).map(({ mount, totalBytes, usedBytes, freeBytes }) => ({
        mount,
        totalBytes,
        usedBytes,
        freeBytes,
      })),
      networks: host.networks(),
      agent: {
        version,
        uptimeS: Math.max(0, Math.round((clock.now() - startedAtMs) / 1000)),
        rssBytes: process.memoryUsage.rss(),
      },
    });
  },
});
