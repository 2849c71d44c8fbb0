// Makes every call of @segment/analytics-next as its manual says, in a page that has loaded the library's script.
window.failures = []

// `told` is what the site says of where to send: nothing, where it leaves that to the settings of the key.
window.load = ({ key, host, told }) => {
  const options = told ? { integrations: { 'Segment.io': told } } : undefined
  window.analytics = AnalyticsNext.AnalyticsBrowser.load({ writeKey: key, cdnURL: host }, options)
  analytics.on('error', (error) => window.failures.push(String(error.reason?.message ?? error.code)))
}

// Each call once with a time of its own, the next after it; then many that get their time from the library.
window.makeAllCalls = async ({ who, start, many }) => {
  const at = (n) => ({ timestamp: new Date(start + 1001 * n) })
  const [device, ann, old] = [`${who}-device`, `${who}-ann`, `${who}-old`]
  await analytics.identify(old, {}, at(0))
  await analytics.track('Quote Asked', {}, at(1))
  await analytics.reset()
  await analytics.setAnonymousId(device)
  await analytics.page('Docs', 'Start', {}, at(2))
  await analytics.screen('Home', { tab: 'all' }, at(3))
  await analytics.identify(ann, { name: 'Änn', plan: 'pro' }, at(4))
  await analytics.track('Signed Up', { price: 49.5, tags: ['a', 'b'] }, at(5))
  await analytics.group('acme', { size: 5 }, at(6))
  await analytics.alias(ann, old, at(7))
  await Promise.all([...Array(many).keys()].map((n) => analytics.track('Item Seen', { n })))
}
