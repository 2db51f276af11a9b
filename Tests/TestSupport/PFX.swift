/// PKCS#12 as an Azure Key Vault stores it, with a certificate and an encrypted key that were made for the tests.
package enum PFX {
    /// On one line, as the vault writes it.
    package static let base64 = wrapped.split(separator: "\n").joined()

    package static let wrapped = """
        MIID/AIBAzCCA7IGCSqGSIb3DQEHAaCCA6MEggOfMIIDmzCCAlIGCSqGSIb3DQEHBqCCAkMwggI/AgEAMIICOAYJKoZIhvcNAQcB
        MFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAj0TgcIK8jNZQICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEECd1
        9r7wQAFpw26oGBO3Kf+AggHQEbMOypp3P/tH9XOdRNweBOMCU79eWvBuApCKy803ueqG6vM3bdRPA5MVHbuC7CHzfuUGpqp7Kxch
        5ZCOdlnbgxfmGhOgCAvWA+S5F79Qwekj5+wKy6yeQZ0KXPUOJCzd9ytbZAKex7n5l/TyjaWeQqhNuCYLSBnkfetunlGJAWBvX8oT
        +qGtOCxOVCtlEiGHFJENSZYDUd+nVzT2X0spleb7JGjxG21kNm56QXMY9XUR5fA7VAbnLS4pSJp747gI5fqGlIuRbr4fenOSH7dI
        GfOsd0WXleEIq7kIPZ3lTndtKvEU3IksnkX7b/vtsCkpamF9MDQGZnQy8Ol6ywwGQOZZINLCGb2C7rXOZ1LcGvALbTDzd5gCi7kl
        d6o6I/SAvmGEGjcyNgJ3U0Lq82dZ8XbDlW6s7AOX2Jd1/GwtUtHehXPbBUvfr9MGTNXsSOif9+k+rodoNaN9tzfeDwGafVQe4Dfv
        ZAbtJge7ZchOeu5K2c+RtehxyHFKqjhjWqx/gKJ8CzISPUPWXyJQQ5b1qRhn9qlYPDUiTWuIfyyTMaOlvg9KBa/tFlfRenQItMnn
        XsuwXBbCFfmO47r1nrXZctVLWNu3evqZHygib6MAN9MwggFBBgkqhkiG9w0BBwGgggEyBIIBLjCCASowggEmBgsqhkiG9w0BDAoB
        AqCB7zCB7DBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIlU/UTVYuc0cCAggAMAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUD
        BAEqBBAM4sN2oF3n2YIs51+huyknBIGQ78Go7uhWNmep1H1bBNSvEVFCpOrC/dvbRQkwIL8BcN48RmRFRsm9RMiETTUQOVLwUol8
        iVXEjt3qnh51gQTFYfIswacmaVbbjQLZOFCFW/gRKlHZFUXBDvBLP5E/ZNOf+JgDdvvPMsacMUQPlH0RNIk1l1V/2fqPc0YRc/kr
        E9gB2P70xN+7Vb0CQLFzWIhdMSUwIwYJKoZIhvcNAQkVMRYEFKW/borJlbVQtLIMy9EZtc33iPjXMEEwMTANBglghkgBZQMEAgEF
        AAQgCtw8TYsyZWqcbwNUDk1KKC3Y/yQ4LvM3bV2BrEGigEkECL2ojBUyhI82AgIIAA==
        """
}
