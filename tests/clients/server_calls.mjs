// Makes every call of @segment/analytics-node as its manual says; the orders come on standard input.
// Prints, for each order, what the library says it could not deliver.
import { Analytics } from '@segment/analytics-node'
import { text } from 'node:stream/consumers'

async function carryOut(order) {
  const analytics = new Analytics({ writeKey: order.key, host: order.host, httpRequestTimeout: 120_000 })
  const failures = []
  analytics.on('error', (error) => failures.push(String(error.reason?.message ?? error.code)))
  send(analytics, order)
  await analytics.closeAndFlush({ timeout: 60_000 }) // long enough for a busy machine
  return failures
}

function send(analytics, { who, start, context, many }) {
  const given = (n) => ({ timestamp: new Date(start + 1001 * n), context })
  const [anonymousId, userId, old] = [`${who}-device`, `${who}-ann`, `${who}-old`]
  const url = 'https://shop.example/docs/start'
  analytics.page({ anonymousId, category: 'Docs', name: 'Start', properties: { url }, ...given(0) })
  analytics.screen({ anonymousId, name: 'Home', properties: { tab: 'all' }, ...given(1) })
  analytics.identify({ userId, anonymousId, traits: { name: 'Änn', plan: 'pro' }, ...given(2) })
  analytics.track({ userId, event: 'Signed Up', properties: { price: 49.5, tags: ['a', 'b'] }, ...given(3) })
  analytics.group({ userId, groupId: 'acme', traits: { size: 5 }, ...given(4) })
  analytics.track({ userId: old, event: 'Quote Asked', ...given(5) })
  analytics.alias({ previousId: old, userId, ...given(6) })
  for (let n = 0; n < many; n++) analytics.track({ userId, event: 'Item Seen', properties: { n } })
}

const orders = JSON.parse(await text(process.stdin))
process.stdout.write(JSON.stringify(await Promise.all(orders.map(carryOut))))
