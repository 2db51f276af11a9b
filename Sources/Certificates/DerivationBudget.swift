/// Limits the time that the key derivations of one file take, whatever numbers the file states.
struct DerivationBudget {
    /// The maximum number of iterations of all derivations together. PBKDF2 takes 0.6 to 1.2 µs for each with SHA-256 and
    /// twice as much at most with other digests, so that a file takes about a second. OpenSSL writes 2,048 and Java 10,000,
    /// for each of two or three derivations; some tools write up to 200,000.
    static let limit = 800_000
    /// The maximum memory for scrypt, in bytes: that of its usual parameters (RFC 7914, 2), N = 16,384 and r = 8.
    static let memory = 16 << 20

    private var spent = 0

    /// Call this before each derivation.
    mutating func spend(_ cost: DerivationCost) throws(CertificateBundle.Failure) {
        guard cost.memory <= Self.memory else { throw .tooMuchMemory(cost.memory) }
        guard cost.iterations <= Self.limit else { throw .tooManyIterations(cost.iterations) }
        spent += cost.iterations
        guard spent <= Self.limit else { throw .tooManyIterations(spent) }
    }
}

/// What one key derivation takes.
struct DerivationCost {
    /// For scrypt N · r · p, which takes as long as that number of iterations of PBKDF2.
    let iterations: Int
    /// In bytes.
    let memory: Int

    init(iterations: Int, memory: Int = 0) {
        self.iterations = iterations
        self.memory = memory
    }

    /// Reads the parameters of an AlgorithmIdentifier for password-based encryption: PBES1 and PBES2 (RFC 8018, A.3 and
    /// A.4) or one of PKCS#12 (RFC 7292, C). Returns nil if they are damaged.
    init?(_ algorithm: BERValue) {
        guard let parts = algorithm.sequence(), parts.count == 2, let parameters = parts[1].sequence() else {
            return nil
        }
        guard parts[0].isIdentifier(Identifier.pbes2) else {
            // Salt and iterations.
            guard parameters.count == 2, let count = parameters[1].number else { return nil }
            self.init(iterations: count)
            return
        }
        guard parameters.count == 2, let derivation = parameters[0].sequence(), derivation.count == 2,
            let numbers = derivation[1].sequence(), numbers.count >= 2
        else { return nil }
        if derivation[0].isIdentifier(Identifier.scrypt) {
            guard numbers.count >= 4, let rounds = numbers[1].number, let block = numbers[2].number,
                let parallel = numbers[3].number
            else { return nil }
            let blocks = Self.product(rounds, block)
            self.init(iterations: Self.product(blocks, parallel), memory: Self.product(blocks, 128))
        } else {
            guard derivation[0].isIdentifier(Identifier.pbkdf2), let count = numbers[1].number else { return nil }
            self.init(iterations: count)
        }
    }

    private static func product(_ left: Int, _ right: Int) -> Int {
        let (product, overflow) = left.multipliedReportingOverflow(by: right)
        return overflow ? .max : product
    }

    private enum Identifier {
        static let pbkdf2: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c]
        static let pbes2: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d]
        static let scrypt: [UInt8] = [0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b]
    }
}
