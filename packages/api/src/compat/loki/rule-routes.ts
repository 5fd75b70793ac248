import { fail, ok, type Result } from '@sightline/base';
import { roleAtLeast, type Refused } from '@sightline/control';
import {
  fileOfNamespace,
  namespaceOf,
  ruleLanguageOf,
  withGroup,
  withoutGroup,
  writtenGroups,
  yamlOf,
} from '@sightline/detect';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { authenticate } from '../../authenticate.ts';
import { type ApiDeps, type Caller, ProblemReply } from '../../route.ts';
import { askerOf } from '../prometheus/asker.ts';
import { ApiFault } from '../prometheus/fault.ts';
import { LokiFault } from './call.ts';

/** Clients choose by it: `lokitool` and `cortextool` the first, Grafana and old clients the second. */
const prefixes = ['/loki/api/v1/rules', '/api/prom/rules'] as const;
const bodyLimitBytes = 1024 * 1024;
/** As large as a rule file may be that is put through our own API. */
const fileCharacters = 900_000;
/** Faults of a body that are told. */
const faultsTold = 10;

type Named = Readonly<Record<'namespace' | 'group', string>>;

/**
 * Loki's ruler (https://grafana.com/docs/loki/latest/reference/loki-http-api/#ruler): groups of rules whose expressions are LogQL, by namespace.
 * A namespace is the rule file `logql:<namespace>`. Reading needs what a query needs, changing an admin or a key with `operate` that is bound
 * to no site. What the rules are at is answered by `/prometheus/api/v1/rules` and `/alerts`, beside those of Prometheus' files.
 */
export async function registerLokiRules(app: FastifyInstance, deps: ApiDeps): Promise<void> {
  await app.register((scope, _, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, parsed) => parsed(null, body));
    for (const prefix of prefixes) {
      const read = (path: string, answer: (organisation: string, named: Named) => Promise<unknown>): void => {
        scope.get(prefix + path, async (request, reply) => {
          const asker = await askerOf(request, deps);
          if (asker instanceof ApiFault) return send(reply, new LokiFault(asker.status, asker.message));
          return send(reply, await answer(asker.organisation, namedBy(request)));
        });
      };
      const change = (
        method: 'POST' | 'DELETE',
        path: string,
        act: (caller: Caller, named: Named, body: string) => Promise<LokiFault | undefined>,
      ): void => {
        scope.route({
          method,
          url: prefix + path,
          bodyLimit: bodyLimitBytes,
          handler: async (request, reply) => {
            const caller = await authenticate(request, deps);
            if (caller instanceof ProblemReply)
              return send(reply, new LokiFault(caller.problem.status, caller.problem.detail));
            const fault = mayChange(caller) ?? (await act(caller, namedBy(request), bodyOf(request)));
            if (fault) return send(reply, fault);
            return reply.code(202).send({ status: 'success', data: null, errorType: '', error: '' });
          },
        });
      };
      read('', (organisation) => allNamespaces(deps, organisation));
      read('/:namespace', (organisation, named) => oneNamespace(deps, organisation, named));
      read('/:namespace/:group', (organisation, named) => oneGroup(deps, organisation, named));
      change('POST', '/:namespace', (caller, named, body) => putGroup(deps, caller, named, body));
      change('DELETE', '/:namespace/:group', (caller, named) => dropGroup(deps, caller, named));
      change('DELETE', '/:namespace', (caller, named) => dropNamespace(deps, caller, named));
    }
    done();
  });
}

const noNamespace = (): LokiFault => new LokiFault(404, 'group namespace does not exist');
const noGroup = (): LokiFault => new LokiFault(404, 'group does not exist');

async function allNamespaces({ control }: ApiDeps, organisation: string): Promise<unknown> {
  const namespaces: Record<string, unknown> = {};
  for (const { name } of await control.ruleFiles.list(organisation)) {
    const file = ruleLanguageOf(name) === 'logql' ? await control.ruleFiles.find(organisation, name) : undefined;
    if (file) namespaces[namespaceOf(name)] = writtenGroups(file.content);
  }
  return Object.keys(namespaces).length === 0 ? new LokiFault(404, 'no rule groups found') : namespaces;
}

async function oneNamespace({ control }: ApiDeps, organisation: string, { namespace }: Named): Promise<unknown> {
  const file = await control.ruleFiles.find(organisation, fileOfNamespace(namespace));
  return file ? { [namespace]: writtenGroups(file.content) } : new LokiFault(404, 'no rule groups found');
}

async function oneGroup({ control }: ApiDeps, organisation: string, { namespace, group }: Named): Promise<unknown> {
  const file = await control.ruleFiles.find(organisation, fileOfNamespace(namespace));
  return (file && writtenGroups(file.content).find(({ name }) => name === group)) ?? noGroup();
}

async function putGroup(
  deps: ApiDeps,
  caller: Caller,
  { namespace }: Named,
  body: string,
): Promise<LokiFault | undefined> {
  if (!/^[^\p{Cc}]{1,150}$/u.test(namespace)) return new LokiFault(400, 'a namespace has 1 to 150 characters');
  if (body.trim() === '') return new LokiFault(400, 'invalid rule group: the body is empty');
  let group = '';
  const edited = await edit(deps, caller, namespace, (content) => {
    const written = withGroup(content, body, 'logql');
    if (!written.ok) return fail(new LokiFault(400, written.error.slice(0, faultsTold).join('\n')));
    if (written.value.content.length > fileCharacters)
      return fail(new LokiFault(400, `a namespace holds at most ${fileCharacters} characters of rules`));
    group = written.value.name;
    return ok(written.value.content);
  });
  return edited ?? audit(deps, caller, 'rule-file.put', namespace, group);
}

async function dropGroup(deps: ApiDeps, caller: Caller, { namespace, group }: Named): Promise<LokiFault | undefined> {
  const edited = await edit(deps, caller, namespace, (content) => {
    const left = withoutGroup(content, group);
    return left === undefined ? fail(noGroup()) : ok(left);
  });
  return edited ?? audit(deps, caller, 'rule-file.delete', namespace, group);
}

async function dropNamespace(deps: ApiDeps, caller: Caller, { namespace }: Named): Promise<LokiFault | undefined> {
  const edited = await edit(deps, caller, namespace, (content) => (content === '' ? fail(noNamespace()) : ok('')));
  return edited ?? audit(deps, caller, 'rule-file.delete', namespace);
}

/** Changes the file of a namespace; answers why not. */
async function edit(
  { control }: ApiDeps,
  { organisation, actor }: Caller,
  namespace: string,
  change: (content: string) => Result<string, LokiFault>,
): Promise<LokiFault | undefined> {
  let fault: LokiFault | undefined;
  const edited = await control.ruleFiles.edit(organisation, fileOfNamespace(namespace), actor, (content) => {
    const changed = change(content);
    if (changed.ok) return changed;
    fault = changed.error;
    return fail<Refused>({ reason: 'invalid', message: changed.error.message });
  });
  return edited.ok ? undefined : (fault ?? new LokiFault(400, edited.error.message));
}

async function audit(
  { control }: ApiDeps,
  { organisation, actor: name, address }: Caller,
  action: 'rule-file.put' | 'rule-file.delete',
  namespace: string,
  group = '',
): Promise<undefined> {
  const detail = group === '' ? '' : `group ${group}`;
  await control.audit.append(organisation, { name, address }, { action, subject: fileOfNamespace(namespace), detail });
}

function mayChange({ kind, role, keySite = '' }: Caller): LokiFault | undefined {
  if (keySite !== '') return new LokiFault(403, `This key is bound to ${keySite}; rules are those of all sites.`);
  if (roleAtLeast(role, kind === 'key' ? 'responder' : 'admin')) return undefined;
  return new LokiFault(403, 'Rules are changed by admins, and by keys with the permission "operate".');
}

function namedBy(request: FastifyRequest): Named {
  const { namespace = '', group = '' } = request.params as { namespace?: string; group?: string };
  return { namespace, group };
}

const bodyOf = ({ body }: FastifyRequest): string => (typeof body === 'string' ? body : '');

function send(reply: FastifyReply, answered: unknown): FastifyReply {
  reply.header('cache-control', 'no-store');
  if (answered instanceof LokiFault) {
    if (answered.status === 401) reply.header('www-authenticate', 'Basic realm="Sightline"');
    return reply.code(answered.status).type('text/plain; charset=utf-8').send(`${answered.message}\n`);
  }
  return reply.type('application/yaml; charset=utf-8').send(yamlOf(answered));
}
