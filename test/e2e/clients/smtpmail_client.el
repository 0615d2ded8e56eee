;; smtpmail of Emacs: the buffer is the message; `postern-port', `postern-stream', `postern-user', `postern-password',
;; `postern-ca' and the file come by the command line.
(require 'smtpmail)
(require 'auth-source)
(defun postern-send (file port stream user password ca)
  (let ((netrc (make-temp-file "authinfo")))
    (with-temp-file netrc
      (insert (format "machine localhost port %s login %s password %S\n" port user password)))
    (setq auth-sources (list netrc)
          nsm-settings-file (concat netrc ".nsm")
          network-security-level 'low
          gnutls-trustfiles (list ca)
          user-mail-address user
          user-full-name "Alice"
          smtpmail-smtp-server "localhost"
          smtpmail-smtp-service (string-to-number port)
          smtpmail-stream-type (intern stream)
          smtpmail-smtp-user user
          message-send-mail-function 'smtpmail-send-it)
    (unwind-protect
        (with-temp-buffer
          (insert-file-contents file)
          (smtpmail-send-it))
      (delete-file netrc)
      (delete-file nsm-settings-file))))
(apply 'postern-send command-line-args-left)
