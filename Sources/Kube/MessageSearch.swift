/// Finds values in all views of a message. Time and memory are linear in the size of the views and of the values.
struct MessageSearch {
    /// The place of a sequence of bytes: the index of the view, and the first byte in it.
    private typealias Place = (view: Int, start: Int)

    private let views: [MessageView]
    /// The places of each sequence of `Redactor.shortest` bytes that is not hidden yet.
    private var places: [UInt64: [Place]] = [:]
    /// Values that are shorter than `Redactor.shortest`, with their length.
    private var words: Set<UInt64> = []
    private var marks: [MessageView.Mark]

    init(_ views: [MessageView], length: Int) {
        self.views = views
        marks = [MessageView.Mark](repeating: .shown, count: length)
        for (index, view) in views.enumerated() {
            view.forEachGram(of: Redactor.shortest) { start, gram in places[gram, default: []].append((index, start)) }
        }
    }

    /// Hides each occurrence of `form`, or of a part of it that is long enough.
    mutating func hide(_ form: [UInt8]) {
        let length = Redactor.shortest
        guard form.count >= length else {
            words.insert(Self.word(form.reduce(0) { $0 << 8 | UInt64($1) }, form.count))
            return
        }
        let mask = (UInt64(1) << (8 * UInt64(length))) - 1
        var gram: UInt64 = 0
        var count = 0
        for byte in form {
            gram = (gram << 8 | UInt64(byte)) & mask
            count += 1
            // A hidden place stays hidden, so it is removed and visited only once, however often a value repeats
            // itself.
            guard count >= length, let found = places.removeValue(forKey: gram) else { continue }
            for place in found {
                views[place.view].hide(place.start..<(place.start + length), as: .part, in: &marks)
            }
        }
    }

    /// The mark of each byte of the message, after all forms are hidden.
    consuming func finish() -> [MessageView.Mark] {
        let lengths = Set(words.map { Int($0 >> 56) }).sorted()
        for view in views {
            for length in lengths {
                view.forEachGram(of: length) { start, gram in
                    let place = start..<(start + length)
                    guard words.contains(Self.word(gram, length)), length > 3 || view.isWord(place) else { return }
                    view.hide(place, as: .word, in: &marks)
                }
            }
        }
        return marks
    }

    private static func word(_ gram: UInt64, _ length: Int) -> UInt64 { UInt64(length) << 56 | gram }
}
