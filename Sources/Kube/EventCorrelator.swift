import Observability

/// What becomes of an event before it is written: counts equal ones, combines similar ones, drops floods. No I/O, no
/// clock.
///
/// The semantics are those of client-go's `tools/record`, so that Events read as those of Kubernetes itself do. Events
/// are similar if they differ in their message alone.
package struct EventCorrelator<Instant: InstantProtocol & Sendable>: Sendable where Instant.Duration == Duration {
    /// From so many different messages on, similar events become one.
    private static var limit: Int { 10 }
    /// Similar events that come later than this after the last one begin anew.
    private static var window: Duration { .seconds(600) }
    /// Events of one object: so many at once, and one more each five minutes.
    private static var burst: Double { 25 }
    private static var refill: Duration { .seconds(300) }
    /// Of each kind of memory; enough for the objects that have something to tell at a time.
    private static var capacity: Int { 4096 }

    /// Similar events.
    private struct Group: Hashable {
        /// The object's uid.
        var object: String
        var kind: Event.Kind
        var reason: String
    }

    /// Equal events; all that are combined are equal.
    private struct Sighting: Hashable {
        var group: Group
        /// Its hash value, as in `Messages`.
        var message: Int?
    }

    /// What was written of a sighting.
    private struct Written {
        var name: String
        var firstTime: Timestamp
        var count: Int
    }

    private struct Messages {
        /// Their hash values: two that have the same by chance count as one, which does no harm.
        var hashes: Set<Int> = []
        var last: Instant
    }

    private struct Bucket {
        var tokens: Double
        var at: Instant
    }

    private var messages = LRUCache<Group, Messages>(capacity: Self.capacity)
    private var sightings = LRUCache<Sighting, Written>(capacity: Self.capacity)
    /// By the object's uid.
    private var buckets = LRUCache<String, Bucket>(capacity: Self.capacity)

    package init() {}

    /// - Returns: what is to be written: a new Event if it counts 1, else the new state of one that was written before;
    ///   nil if nothing is to be written.
    package mutating func correlate(_ new: Event, at now: Instant) -> Event? {
        var event = new
        let object = new.object.uid
        let group = Group(object: object, kind: new.kind, reason: new.reason)
        let isCombined = isTooMany(new.message, in: group, at: now)
        if isCombined { event.message = Event.bounded("(combined from similar events): \(new.message)") }
        let sighting = Sighting(group: group, message: isCombined ? nil : new.message.hashValue)
        if let former = sightings[sighting] {
            event.name = former.name
            event.firstTime = former.firstTime
            event.count = former.count + 1
        }
        // Also of those that are dropped: the next one that is not tells their number.
        sightings[sighting] = Written(name: event.name, firstTime: event.firstTime, count: event.count)
        return takeToken(object, at: now) ? event : nil
    }

    private mutating func isTooMany(_ message: String, in group: Group, at now: Instant) -> Bool {
        var known = messages[group] ?? Messages(last: now)
        if known.last.duration(to: now) > Self.window { known.hashes = [] }
        known.last = now
        let hash = message.hashValue
        let isTooMany = !known.hashes.contains(hash) && known.hashes.count + 1 >= Self.limit
        if !isTooMany { known.hashes.insert(hash) }
        messages[group] = known
        return isTooMany
    }

    private mutating func takeToken(_ object: String, at now: Instant) -> Bool {
        let last = buckets[object] ?? Bucket(tokens: Self.burst, at: now)
        let tokens = min(Self.burst, last.tokens + last.at.duration(to: now) / Self.refill)
        buckets[object] = Bucket(tokens: tokens >= 1 ? tokens - 1 : tokens, at: now)
        return tokens >= 1
    }
}
