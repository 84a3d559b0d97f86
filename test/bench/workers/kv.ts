// KV as workerd asks for it over HTTP, in memory: what the benchmarks read of it is read before they begin.

const values = new Map<string, string>();

export default {
  async fetch(request) {
    const key = new URL(request.url).pathname;
    switch (request.method) {
      case "PUT":
        values.set(key, await request.text());
        return new Response();
      case "DELETE":
        values.delete(key);
        return new Response();
      default: {
        const value = values.get(key);
        return value === undefined ? new Response(null, { status: 404 }) : new Response(value);
      }
    }
  },
} satisfies ExportedHandler;
