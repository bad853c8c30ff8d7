// Certificates made on the spot.
#ifndef HOUSECALL_TESTS_OUTBOX_CERTIFICATES_H_
#define HOUSECALL_TESTS_OUTBOX_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "absl/time/time.h"

namespace housecall::outbox {

struct CertificateDeleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

struct Certificate {
  std::unique_ptr<X509, CertificateDeleter> x509;
  std::unique_ptr<EVP_PKEY, CertificateDeleter> key;

  std::string Pem() const;
  // Of the private key.
  std::string KeyPem() const;
};

struct CertificateRequest {
  std::string common_name = "";
  // OpenSSL's notation: "IP:127.0.0.1", "DNS:clinic.example". Empty for an
  // authority.
  std::string subject_alt_name = "";
  // Who signs; null: itself.
  const Certificate* issuer = nullptr;
  absl::Time not_before = absl::UnixEpoch();
  absl::Time not_after = absl::FromUnixSeconds(4'000'000'000);
};

// P-256, SHA-256. Fails the test if OpenSSL does.
Certificate MakeCertificate(const CertificateRequest& request);

}  // namespace housecall::outbox

#endif  // HOUSECALL_TESTS_OUTBOX_CERTIFICATES_H_
