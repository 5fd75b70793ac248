import { problem } from '@sightline/contract';
import { z } from 'zod';
import type { ApiSettings, Route } from './route.ts';

type Json = Record<string, unknown>;

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' });
  return rest;
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, of]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: of,
  }));
}

function operation(route: Route): Json {
  const refused = { $ref: '#/components/responses/Problem' };
  return {
    summary: route.summary,
    tags: [route.path.split('/')[3] ?? 'api'],
    ...(route.permission === 'public' ? { security: [] } : { 'x-role': route.permission }),
    parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')],
    ...(route.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body, 'input') } } } }
      : {}),
    responses: {
      200: {
        description: 'Done',
        ...(route.endpoint
          ? { content: { 'application/json': { schema: schemaOf(route.endpoint.reply, 'output') } } }
          : {}),
      },
      ...(route.permission === 'public' ? {} : { 401: refused, 403: refused }),
      default: refused,
    },
  };
}

/** The OpenAPI 3.1 document of the installed routes (https://spec.openapis.org/oas/v3.1.1.html). */
export function openApi(routes: readonly Route[], settings: ApiSettings): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sightline',
      version: settings.version,
      description:
        'Sign in for a session cookie and send its CSRF token as `x-csrf-token` with every call that changes something, ' +
        'or send an API key with the permission `query`, which may read.',
    },
    servers: [{ url: settings.publicUrl }],
    security: [{ session: [] }, { key: [] }, { keyAsPassword: [] }],
    paths,
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'sightline_session' },
        key: { type: 'http', scheme: 'bearer' },
        keyAsPassword: { type: 'http', scheme: 'basic' },
      },
      schemas: { Problem: schemaOf(problem, 'output') },
      responses: {
        Problem: {
          description: 'The call was refused (RFC 9457)',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  };
}
