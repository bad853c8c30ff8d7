#include "tests/outbox/certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace housecall::outbox {
namespace {

void AddExtension(X509* certificate, X509* issuer, int nid,
                  const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  ASSERT_NE(extension, nullptr) << value;
  EXPECT_EQ(X509_add_ext(certificate, extension, -1), 1);
  X509_EXTENSION_free(extension);
}

// What `write` writes, which returns 1.
template <typename Write>
std::string PemOf(const Write& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()),
                                                      &BIO_free);
  EXPECT_EQ(write(bio.get()), 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

}  // namespace

std::string Certificate::Pem() const {
  return PemOf(
      [this](BIO* out) { return PEM_write_bio_X509(out, x509.get()); });
}

std::string Certificate::KeyPem() const {
  return PemOf([this](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0,
                                    nullptr, nullptr);
  });
}

Certificate MakeCertificate(const CertificateRequest& request) {
  static std::atomic<long> serial{1};
  Certificate made;
  made.key.reset(EVP_EC_gen("P-256"));
  made.x509.reset(X509_new());
  X509* const x509 = made.x509.get();
  X509* const issuer =
      request.issuer == nullptr ? x509 : request.issuer->x509.get();
  EVP_PKEY* const issuer_key =
      request.issuer == nullptr ? made.key.get() : request.issuer->key.get();

  EXPECT_EQ(X509_set_version(x509, X509_VERSION_3), 1);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
  ASN1_TIME_set(X509_getm_notBefore(x509),
                absl::ToUnixSeconds(request.not_before));
  ASN1_TIME_set(X509_getm_notAfter(x509),
                absl::ToUnixSeconds(request.not_after));
  X509_NAME* const name = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(
      name, "CN", MBSTRING_UTF8,
      reinterpret_cast<const unsigned char*>(request.common_name.c_str()), -1,
      -1, 0);
  EXPECT_EQ(X509_set_issuer_name(x509, X509_get_subject_name(issuer)), 1);
  EXPECT_EQ(X509_set_pubkey(x509, made.key.get()), 1);
  // As authorities do; the key's identifier, not the name, finds the issuer.
  AddExtension(x509, issuer, NID_subject_key_identifier, "hash");
  if (request.issuer != nullptr) {
    AddExtension(x509, issuer, NID_authority_key_identifier, "keyid:always");
  }
  if (request.subject_alt_name.empty()) {
    AddExtension(x509, issuer, NID_basic_constraints, "critical,CA:TRUE");
    AddExtension(x509, issuer, NID_key_usage, "critical,keyCertSign");
  } else {
    AddExtension(x509, issuer, NID_subject_alt_name, request.subject_alt_name);
  }
  EXPECT_GT(X509_sign(x509, issuer_key, EVP_sha256()), 0);
  return made;
}

}  // namespace housecall::outbox
