import Observability

/// Counts equal events, combines similar events and drops floods before events are written. No I/O, no clock.
///
/// The semantics are those of client-go's `tools/record`, so that Events look like those of Kubernetes components.
/// Events are similar if they differ only in their message.
package struct EventCorrelator<Instant: InstantProtocol & Sendable>: Sendable where Instant.Duration == Duration {
    /// Similar events are combined from this number of different messages on.
    private static var limit: Int { 10 }
    /// The count of different messages restarts if no similar event occurred for this long.
    private static var window: Duration { .seconds(600) }
    /// Events of one object: at most 25 at once, and one more every five minutes.
    private static var burst: Double { 25 }
    private static var refill: Duration { .seconds(300) }
    /// The capacity of each cache, enough for the objects that have events at the same time.
    private static var capacity: Int { 4096 }

    /// Similar events.
    private struct Group: Hashable {
        /// The object's uid.
        var object: String
        var kind: Event.Kind
        var reason: String
    }

    /// Identifies equal events. All combined events of a group count as equal.
    private struct Sighting: Hashable {
        var group: Group
        /// The hash value of the message, as in `Messages`; nil for combined events.
        var message: Int?
    }

    /// The Event that was written for a sighting.
    private struct Written {
        var name: String
        var firstTime: Timestamp
        var count: Int
    }

    private struct Messages {
        /// The hash values of the messages. Two messages with the same hash value count as one, which is harmless.
        var hashes: Set<Int> = []
        var last: Instant
    }

    private struct Bucket {
        var tokens: Double
        var at: Instant
    }

    private var messages = LRUCache<Group, Messages>(capacity: Self.capacity)
    private var sightings = LRUCache<Sighting, Written>(capacity: Self.capacity)
    /// By uid of the object.
    private var buckets = LRUCache<String, Bucket>(capacity: Self.capacity)

    package init() {}

    /// - Returns: the Event to write: a new one if its count is 1, otherwise an update of one that was written before.
    ///   Nil if nothing is to be written.
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
        // Dropped events are counted too, so that the next written Event includes them in its count.
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
